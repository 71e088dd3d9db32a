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
  warn: (message: string, error: unknown) => void
}

/** Takes jobs from Redis, has them done, and settles them in the ledger. */
export class WorkerRuntime {
  readonly #options: WorkerRuntimeOptions
  readonly #connections: Redis[] = []
  #workers: Array<Worker<JobData>> = []

  constructor(options: WorkerRuntimeOptions) {
    this.#options = options
  }

  start(): void {
    this.#workers = this.#options.processors.map((processor) => {
      const connection = this.#options.redis()
      connection.on('error', () => {})
      this.#connections.push(connection)
      const worker = new Worker<JobData>(processor.queue, (job) => this.#run(processor, job), {
        connection,
        prefix: QUEUE_PREFIX,
        concurrency: POLICIES[processor.queue].concurrency,
        removeOnComplete: { count: 0 },
        removeOnFail: { count: 0 },
      })
      // Redis being away is the reconciler's matter.
      worker.on('error', () => {})
      return worker
    })
  }

  /** Takes no more, finishes what is in hand. */
  async stop(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.close().catch(() => {})))
    this.#connections.forEach((connection) => connection.disconnect())
  }

  /** Tells the processor of a queue that its work was given up. */
  async giveUp(work: ClaimedWork): Promise<void> {
    const processor = this.#options.processors.find(({ queue }) => queue === work.queue)
    await processor?.giveUp?.(work)
  }

  async #run(processor: Processor, job: Job<JobData>): Promise<void> {
    const { ledger, warn } = this.#options
    const { assignments } = jobDataSchema.parse(job.data)
    try {
      await processor.process(assignments)
    } catch (error) {
      warn(`Work for "${processor.queue}" failed`, error)
      for (const assignment of assignments) {
        if (await ledger.fail(processor.queue, assignment, error)) {
          await processor.giveUp?.(assignment)
        }
      }
      return
    }
    await Promise.all(assignments.map(({ reactionKey }) => ledger.settle(reactionKey)))
  }
}
