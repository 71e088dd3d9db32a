import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { Worker, type Job } from 'bullmq'
import type { Redis } from 'ioredis'
import type { ClaimedWork, JobLedger } from './ledger.ts'
import {
  jobDataSchema,
  POLICIES,
  QUEUE_PREFIX,
  type Assignment,
  type JobData,
  type QueueName,
} from './queues.ts'

/** Redis gives the work of a worker that vanished to another one after this long; one that lives renews its claim. */
const CLAIM_MILLISECONDS = 10_000
const LOOK_FOR_LOST_MILLISECONDS = 5_000
/** Work that kills its worker again and again is left to the ledger, which counts the tries. */
const MOST_LOSSES = 3
/** Of its time-out: work that waited longer for a worker is said to be begun only now. */
const BEGUN_LATE = 0.25
/** What became of work is told to the ledger again this often while it cannot be reached. */
const RETRY_MILLISECONDS = 250

/** How long Redis may take to hear that a worker ends. */
const CLOSING_MILLISECONDS = 2_000
/** Jobs that are being done or settled at a time; beyond that a job waits to be settled before the next is taken. */
const MOST_IN_HAND = 1_000

/** A job that took long is not made up for by as long a rest. */
const LONGEST_REST_MILLISECONDS = 2_000
const LOOK_AT_SIGN_MILLISECONDS = 100

/** The work of one queue. */
export interface Processor {
  readonly queue: QueueName
  /**
   * Does the work of one job. What it appends carries the reaction key as its command id, so that a second run of the
   * same work finds it done: the ledger is settled after the append, and a crash in between repeats harmlessly.
   */
  process(assignments: readonly Assignment[]): Promise<void>
  /** Says in the log that work was given up, where that matters. */
  giveUp?(work: Assignment): Promise<void>
}

export interface WorkerRuntimeOptions {
  processors: readonly Processor[]
  ledger: JobLedger
  /** Makes a connection that waits for Redis to come back. */
  redis: () => Redis
  /** Whether those who wait for an answer need the processor. */
  isBusy: () => Promise<boolean>
  warn: (message: string, error: unknown) => void
}

interface QueueWorker {
  worker: Worker<JobData>
  connection: Redis
}

/** Takes jobs from Redis, has them done, and settles them in the ledger. */
export class WorkerRuntime {
  readonly #options: WorkerRuntimeOptions
  readonly #inHand = new Set<Promise<unknown>>()
  #stopping = false
  #workers: QueueWorker[] = []

  constructor(options: WorkerRuntimeOptions) {
    this.#options = options
  }

  start(): void {
    this.#workers = this.#options.processors.map((processor) => {
      const connection = this.#options.redis()
      const worker = new Worker<JobData>(processor.queue, (job) => this.#take(processor, job), {
        connection,
        prefix: QUEUE_PREFIX,
        concurrency: POLICIES[processor.queue].concurrency,
        lockDuration: CLAIM_MILLISECONDS,
        stalledInterval: LOOK_FOR_LOST_MILLISECONDS,
        maxStalledCount: MOST_LOSSES,
        removeOnComplete: { count: 0 },
        removeOnFail: { count: 0 },
      })
      // Redis being away is the reconciler's matter.
      worker.on('error', () => {})
      return { worker, connection }
    })
  }

  /** Takes no more, finishes what is in hand. A Redis that is away is not waited for. */
  async stop(): Promise<void> {
    this.#stopping = true
    await Promise.all(this.#workers.map((worker) => this.#close(worker)))
  }

  /** Tells the processor of a queue that its work was given up. */
  async giveUp(work: ClaimedWork): Promise<void> {
    const processor = this.#options.processors.find(({ queue }) => queue === work.queue)
    await processor?.giveUp?.(work)
  }

  /**
   * What is in hand is settled in the ledger; that Redis never hears of it does no harm. BullMQ's own patience ends
   * only when Redis is back on each of its connections, so that it is asked for it only while Redis is there, and not
   * for long.
   */
  async #close({ worker, connection }: QueueWorker): Promise<void> {
    await worker.pause(true)
    while (this.#inHand.size > 0) {
      await Promise.allSettled(this.#inHand)
    }
    if (connection.status === 'ready') {
      const signal = AbortSignal.timeout(CLOSING_MILLISECONDS)
      const lost = once(connection, 'close', { signal }).catch(() => {})
      await Promise.race([worker.close().catch(() => {}), lost])
    } else {
      await worker.close(true).catch(() => {})
    }
    connection.disconnect()
  }

  /** Does a job. The next one need not wait until this one is settled, unless very many already wait for that. */
  async #take(processor: Processor, job: Job<JobData>): Promise<void> {
    const begunAt = performance.now()
    const done = this.#keepInHand(this.#run(processor, job))
    const settled = this.#keepInHand(
      done.then((finished) => this.#settle(processor, finished)).catch(() => {})
    )
    await done
    if (this.#inHand.size > MOST_IN_HAND) {
      await settled
    }
    await this.#rest(processor.queue, performance.now() - begunAt)
  }

  /** Leaves the place of a job that took so long empty for a while, as long as others need the processor. */
  async #rest(queue: QueueName, tookMilliseconds: number): Promise<void> {
    const rest = Math.min(
      (POLICIES[queue].rests ?? 0) * tookMilliseconds,
      LONGEST_REST_MILLISECONDS
    )
    const over = performance.now() + rest
    for (let left = rest; left > 0; left = over - performance.now()) {
      if (this.#stopping || !(await this.#options.isBusy())) {
        return
      }
      await delay(Math.min(left, LOOK_AT_SIGN_MILLISECONDS))
    }
  }

  #keepInHand<T>(work: Promise<T>): Promise<T> {
    const kept = work.finally(() => this.#inHand.delete(kept))
    this.#inHand.add(kept)
    return kept
  }

  /** Answers what was done and is to be settled. */
  async #run(processor: Processor, job: Job<JobData>): Promise<readonly Assignment[]> {
    const { ledger, warn } = this.#options
    const { assignments } = jobDataSchema.parse(job.data)
    const keys = assignments.map(({ reactionKey }) => reactionKey)
    if (
      Date.now() - job.timestamp >
      POLICIES[processor.queue].timeoutSeconds * 1_000 * BEGUN_LATE
    ) {
      ledger.begin(keys).catch((error) => warn('What is begun could not be told', error))
    }
    try {
      await processor.process(assignments)
    } catch (error) {
      warn(`Work for "${processor.queue}" failed`, error)
      for (const assignment of assignments) {
        const given = () => ledger.fail(processor.queue, assignment, error)
        if (await this.#telling(processor.queue, given)) {
          await processor.giveUp?.(assignment)
        }
      }
      return []
    }
    return assignments
  }

  /** Work that cannot be settled now is handed over again after its time-out, and then found done. */
  async #settle({ queue }: Processor, assignments: readonly Assignment[]): Promise<void> {
    const { ledger, warn } = this.#options
    try {
      await this.#telling(queue, () =>
        Promise.all(assignments.map(({ reactionKey }) => ledger.settle(reactionKey)))
      )
    } catch (error) {
      warn(`Work for "${queue}" was done but could not be settled`, error)
    }
  }

  /** Tells the ledger what became of work, again and again while it cannot be told, until it has handed it over anew. */
  async #telling<T>(queue: QueueName, tell: () => Promise<T>): Promise<T> {
    const deadline = Date.now() + POLICIES[queue].timeoutSeconds * 1_000
    for (;;) {
      try {
        return await tell()
      } catch (error) {
        if (this.#stopping || Date.now() > deadline) {
          throw error
        }
        await delay(RETRY_MILLISECONDS)
      }
    }
  }
}
