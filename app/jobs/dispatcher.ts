import { Queue } from 'bullmq'
import type { Redis } from 'ioredis'
import { BackgroundLoop } from './background_loop.ts'
import type { ClaimedWork, JobLedger } from './ledger.ts'
import { POLICIES, QUEUE_PREFIX, QUEUES, type JobData, type QueueName } from './queues.ts'
import { connectRedis, FAILING_FAST } from './redis_connection.ts'

/** Of one queue at a time. */
const CLAIM = 1_000
/** So many jobs of a queue wait in Redis at most, about: the ledger holds more on disk than Redis has memory for. */
const MOST_WAITING = 10_000
const PAUSE_MILLISECONDS = 500

/** Hands owed work to Redis. Any number of processes may run it: each takes what no other has taken. */
export class Dispatcher {
  readonly #ledger: JobLedger
  readonly #redis: Redis
  readonly #queues: Map<QueueName, Queue<JobData>>
  readonly #loop: BackgroundLoop
  /** Queues that owed as much as was taken at a time, or more. */
  readonly #busy = new Set<QueueName>()
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
    const queues = await this.#queuesWithRoom()
    const claimed = await this.#ledger.claim(CLAIM, queues)
    const byQueue = Map.groupBy(claimed, ({ queue }) => queue)
    for (const name of queues) {
      const owesMore = byQueue.get(name)?.length === CLAIM
      this.#busy[owesMore ? 'add' : 'delete'](name)
    }
    for (const [name, work] of byQueue) {
      try {
        await this.#queues.get(name)?.addBulk(jobsOf(name, work))
      } catch (error) {
        this.#held = claimed.map(({ reactionKey }) => reactionKey)
        await this.#giveBack()
        throw error
      }
    }
    return queues.some((name) => this.#busy.has(name))
  }

  /** Of the queues that have work waiting in Redis: since when the oldest waits, by the clock of the database. */
  async waiting(): Promise<ReadonlyMap<QueueName, Date>> {
    const waiting = await Promise.all(
      [...this.#queues].map(async ([name, queue]) => {
        const [oldest] = await queue.getRanges(['waiting'], 0, 0, true)
        return oldest === undefined ? [] : [[name, claimedAtOf(oldest)] as const]
      })
    )
    return new Map(waiting.flat())
  }

  /** All but those of which enough waits in Redis. Only one that owed much can be one of these. */
  async #queuesWithRoom(): Promise<QueueName[]> {
    const full = new Set<QueueName>()
    for (const name of this.#busy) {
      if (((await this.#queues.get(name)?.getWaitingCount()) ?? 0) >= MOST_WAITING) {
        full.add(name)
      }
    }
    return QUEUES.filter((name) => !full.has(name))
  }

  async #giveBack(): Promise<void> {
    if (this.#held.length > 0) {
      await this.#ledger.unclaim(this.#held)
      this.#held = []
    }
  }
}

function jobsOf(queue: QueueName, work: readonly ClaimedWork[]) {
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
          jobId: `${first.reactionKey}-${first.attempt}-${first.claimedAt.getTime()}`,
          timestamp: first.claimedAt.getTime(),
          delay: Math.max(0, first.runAt.getTime() - first.claimedAt.getTime()),
          removeOnComplete: true,
          removeOnFail: true,
        },
      })
    }
  }
  return jobs
}

/** When the work of a job was claimed, which its id ends with: a job itself may be done before it is looked at. */
function claimedAtOf(jobId: string): Date {
  return new Date(Number(jobId.slice(jobId.lastIndexOf('-') + 1)))
}
