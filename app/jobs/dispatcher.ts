import { Queue } from 'bullmq'
import type { Redis } from 'ioredis'
import { BackgroundLoop } from './background_loop.ts'
import type { ClaimedWork, JobLedger } from './ledger.ts'
import { POLICIES, QUEUE_PREFIX, QUEUES, type JobData, type QueueName } from './queues.ts'
import { connectRedis, FAILING_FAST } from './redis_connection.ts'

const CLAIM = 1_000
const PAUSE_MILLISECONDS = 500

/** Hands owed work to Redis. Any number of processes may run it: each takes what no other has taken. */
export class Dispatcher {
  readonly #ledger: JobLedger
  readonly #redis: Redis
  readonly #queues: Map<QueueName, Queue<JobData>>
  readonly #loop: BackgroundLoop
  /** What was claimed and could be neither handed over nor given back. */
  #held: string[] = []

  constructor(options: {
    ledger: JobLedger
    redisUrl: string
    warn: (message: string, error: unknown) => void
  }) {
    this.#ledger = options.ledger
    // While Redis is away work stays in the ledger instead of waiting in memory.
    this.#redis = connectRedis(options.redisUrl, FAILING_FAST)
    this.#queues = new Map(
      QUEUES.map((name) => {
        const queue = new Queue<JobData>(name, { connection: this.#redis, prefix: QUEUE_PREFIX })
        queue.on('error', () => {})
        return [name, queue]
      })
    )
    this.#loop = new BackgroundLoop({
      step: () => this.dispatchDue(),
      pauseMs: PAUSE_MILLISECONDS,
      failed: (error) => options.warn('The dispatcher waits for the database or Redis', error),
    })
  }

  start(): void {
    this.#loop.start()
  }

  wake(): void {
    this.#loop.wake()
  }

  async stop(): Promise<void> {
    await this.#loop.stop()
    await Promise.all([...this.#queues.values()].map((queue) => queue.close().catch(() => {})))
    this.#redis.disconnect()
  }

  /** Hands over what is due soon; true when there may be more. */
  async dispatchDue(): Promise<boolean> {
    await this.#giveBack()
    if (this.#redis.status !== 'ready') {
      return false
    }
    const claimed = await this.#ledger.claim(CLAIM)
    const byQueue = Map.groupBy(claimed, ({ queue }) => queue)
    for (const [name, work] of byQueue) {
      try {
        await this.#queues.get(name)?.addBulk(jobsOf(name, work))
      } catch (error) {
        this.#held = claimed.map(({ reactionKey }) => reactionKey)
        await this.#giveBack()
        throw error
      }
    }
    return claimed.length === CLAIM
  }

  async #giveBack(): Promise<void> {
    if (this.#held.length > 0) {
      await this.#ledger.unclaim(this.#held)
      this.#held = []
    }
  }
}

function jobsOf(queue: QueueName, work: readonly ClaimedWork[]) {
  const now = Date.now()
  const { reactionsAJob } = POLICIES[queue]
  const jobs = []
  for (let index = 0; index < work.length; index += reactionsAJob) {
    const together = work.slice(index, index + reactionsAJob)
    const first = together[0]
    if (first !== undefined) {
      const assignments = together.map(
        ({ reactionKey, eventId, eventPosition, attempt, payload }) => ({
          reactionKey,
          eventId,
          eventPosition,
          attempt,
          payload,
        })
      )
      jobs.push({
        name: queue,
        data: { assignments },
        opts: {
          // Each handing over is a new job: Redis would ignore an id that it knows, and what rides with it.
          jobId: `${first.reactionKey}-${first.attempt}-${now}`,
          delay: Math.max(0, first.runAt.getTime() - now),
          removeOnComplete: true,
          removeOnFail: true,
        },
      })
    }
  }
  return jobs
}
