import type pg from 'pg'
import { Queue } from 'bullmq'
import type { Redis } from 'ioredis'
import { QUEUE_PREFIX, QUEUES, type QueueName } from './queues.ts'

/** What a queue owes. Work that is done is not counted: a busy site has a day's worth of it. */
export interface LedgerStatus {
  queue: QueueName
  owed: number
  dispatched: number
  dead: number
  /** Seconds since the oldest unsettled work was due; 0 when nothing is due. */
  oldestSeconds: number
}

/** How many jobs Redis holds of a queue: to be taken, for later, and in hand. */
export interface QueueDepth {
  queue: QueueName
  waiting: number
  delayed: number
  active: number
}

interface StatusRow {
  queue: QueueName
  owed: string
  dispatched: string
  dead: string
  oldest: number | null
}

/** What each queue owes, by the ledger; each state is found by its own index. */
export async function ledgerStatus(pool: Pick<pg.Pool, 'query'>): Promise<LedgerStatus[]> {
  const { rows } = await pool.query<StatusRow>(
    `with outstanding as (
       select queue, state, run_at from run.job_ledger where state = 'owed'
       union all select queue, state, run_at from run.job_ledger where state = 'dispatched'
       union all select queue, state, null from run.job_ledger where state = 'dead'
     )
     select queue, count(*) filter (where state = 'owed') as owed,
       count(*) filter (where state = 'dispatched') as dispatched,
       count(*) filter (where state = 'dead') as dead,
       (extract(epoch from now() - min(run_at) filter (where run_at <= now())))::float8 as oldest
     from outstanding group by queue`
  )
  const byQueue = new Map(rows.map((row) => [row.queue, row]))
  return QUEUES.map((queue) => {
    const row = byQueue.get(queue)
    return {
      queue,
      owed: Number(row?.owed ?? 0),
      dispatched: Number(row?.dispatched ?? 0),
      dead: Number(row?.dead ?? 0),
      oldestSeconds: row?.oldest ?? 0,
    }
  })
}

/** What Redis holds of each queue. */
export function queueDepths(redis: Redis): Promise<QueueDepth[]> {
  return Promise.all(
    QUEUES.map(async (name) => {
      const queue = new Queue(name, { connection: redis, prefix: QUEUE_PREFIX })
      queue.on('error', () => {})
      try {
        const counts = await queue.getJobCounts('waiting', 'delayed', 'active')
        const { waiting = 0, delayed = 0, active = 0 } = counts
        return { queue: name, waiting, delayed, active }
      } finally {
        await queue.close()
      }
    })
  )
}
