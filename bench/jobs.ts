import { setTimeout as delay } from 'node:timers/promises'
import { Queue, Worker } from 'bullmq'
import { Redis } from 'ioredis'
import type pg from 'pg'
import { PostgresEventStore } from '../app/event_store/postgres_event_store.ts'
import { Dispatcher } from '../app/jobs/dispatcher.ts'
import { JobLedger } from '../app/jobs/ledger.ts'
import { POLICIES } from '../app/jobs/queues.ts'
import { Relay } from '../app/jobs/relay.ts'
import { WorkerRuntime, type Processor } from '../app/jobs/worker_runtime.ts'
import { thumbnails } from '../app/reactors/thumbnails.ts'
import { openPool, SITE_KEY, type Environment } from './environment.ts'
import { METADATA, uploadOf } from './events.ts'
import { figure, type Figure } from './report.ts'
import { interleave } from './rounds.ts'

const IMAGES_A_CALL = 100
const LOOK_MILLISECONDS = 5

/** Jobs a second from the event to the settled ledger row, with work that does nothing, beside BullMQ alone. */
export async function jobs(environment: Environment): Promise<Figure[]> {
  const count = environment.smoke ? 200 : 5_000
  const url = await environment.database('bench_jobs')
  const store = new PostgresEventStore({ connectionString: url, siteKey: SITE_KEY })
  const pool = openPool(url, 10)
  const connect = () => new Redis(environment.redisUrl, { maxRetriesPerRequest: null })
  const ledger = new JobLedger(pool)
  const warn = (message: string, error: unknown) => console.error(message, error)
  const idle: Processor = { queue: 'thumbnails', process: async () => {} }
  let next = 0

  const ours = async () => {
    for (let done = 0; done < count; done += IMAGES_A_CALL) {
      const first = next
      next += IMAGES_A_CALL
      await Promise.all(
        Array.from({ length: IMAGES_A_CALL }, (_, index) =>
          store.append({
            stream: `image-${first + index + 1}`,
            expectedVersion: 'none',
            events: [uploadOf(first + index + 1)],
            metadata: METADATA,
          })
        )
      )
    }
    const { position: head } = await store.head()
    const dispatcher = new Dispatcher({ ledger, redisUrl: environment.redisUrl, warn })
    const relay = new Relay({
      connectionString: url,
      eventStore: store,
      reactors: [thumbnails],
      owed: () => dispatcher.wake(),
      warn,
    })
    const workers = new WorkerRuntime({
      processors: [idle],
      ledger,
      redis: connect,
      warn,
      isBusy: async () => false,
    })
    const startedAt = performance.now()
    workers.start()
    dispatcher.start()
    relay.start()
    while (await isUnsettled(pool, head)) {
      await delay(LOOK_MILLISECONDS)
    }
    const seconds = (performance.now() - startedAt) / 1000
    await relay.stop()
    await dispatcher.stop()
    await workers.stop()
    return count / seconds
  }

  let runs = 0
  const bare = async () => {
    const name = `bare-${(runs += 1)}`
    const connection = connect()
    const workerConnection = connect()
    const queue = new Queue(name, { connection })
    let done = 0
    const { promise, resolve } = Promise.withResolvers<void>()
    const startedAt = performance.now()
    const worker = new Worker(
      name,
      async () => {
        done += 1
        if (done === count) {
          resolve()
        }
      },
      {
        connection: workerConnection,
        concurrency: POLICIES.thumbnails.concurrency,
        removeOnComplete: { count: 0 },
      }
    )
    for (let added = 0; added < count; added += IMAGES_A_CALL) {
      await queue.addBulk(
        Array.from({ length: IMAGES_A_CALL }, () => ({ name, data: { image_id: 1 } }))
      )
    }
    await promise
    const seconds = (performance.now() - startedAt) / 1000
    await worker.close()
    await queue.close()
    connection.disconnect()
    workerConnection.disconnect()
    return count / seconds
  }

  try {
    const medians = await interleave({ ours, limit: bare }, environment.rounds)
    return [figure('jobs', `${count} events to settled no-op jobs`, 'jobs/s', medians)]
  } finally {
    await store.close()
    await pool.end()
  }
}

/** Whether the relay stands before a position, or work that it wrote down is not done. */
async function isUnsettled(pool: pg.Pool, head: number): Promise<boolean> {
  const { rows } = await pool.query<{ unsettled: boolean }>({
    name: 'unsettled',
    text: `select position < $1 or exists (
             select from run.job_ledger where state in ('owed', 'dispatched')
           ) as unsettled from run.relay_checkpoint`,
    values: [head],
  })
  return rows[0]?.unsettled ?? true
}
