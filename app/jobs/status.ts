import type pg from 'pg'
import { Queue } from 'bullmq'
import type { Redis } from 'ioredis'
import { QUEUE_PREFIX, QUEUES, type QueueName } from './queues.ts'

export interface LedgerStatus {
  queue: QueueName
  owed: number
  dispatched: number
  done: number
  dead: number
  /** Seconds since the oldest unsettled work was due; 0 when nothing is due. */
  oldestSeconds: number
}

interface StatusRow {
  queue: QueueName
  owed: string
  dispatched: string
  done: string
  dead: string
  oldest: number | null
}

/** What each queue owes, by the ledger. */
export async function ledgerStatus(pool: Pick<pg.Pool, 'query'>): Promise<LedgerStatus[]> {
  const { rows } = await pool.query<StatusRow>(
    `select queue, count(*) filter (where state = 'owed') as owed,
       count(*) filter (where state = 'dispatched') as dispatched,
       count(*) filter (where state = 'done') as done,
       count(*) filter (where state = 'dead') as dead,
       (extract(epoch from now() - min(run_at) filter (
         where state in ('owed', 'dispatched') and run_at <= now())))::float8 as oldest
     from run.job_ledger group by queue`
  )
  const byQueue = new Map(rows.map((row) => [row.queue, row]))
  return QUEUES.map((queue) => {
    const row = byQueue.get(queue)
    return {
      queue,
      owed: Number(row?.owed ?? 0),
      dispatched: Number(row?.dispatched ?? 0),
      done: Number(row?.done ?? 0),
      dead: Number(row?.dead ?? 0),
      oldestSeconds: row?.oldest ?? 0,
    }
  })
}

/** How many jobs Redis holds for each queue: waiting, delayed and in hand. */
export async function queueDepths(redis: Redis): Promise<Map<QueueName, number>> {
  const depths = new Map<QueueName, number>()
  for (const name of QUEUES) {
    const queue = new Queue(name, { connection: redis, prefix: QUEUE_PREFIX })
    const counts = await queue.getJobCounts('waiting', 'delayed', 'active')
    depths.set(
      name,
      Object.values(counts).reduce((sum, count) => sum + count, 0)
    )
  }
  return depths
}
