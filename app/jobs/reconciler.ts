import type { Redis } from 'ioredis'
import { BackgroundLoop } from './background_loop.ts'
import type { ClaimedWork, JobLedger } from './ledger.ts'
import { QUEUE_PREFIX, type QueueName } from './queues.ts'
import { connectRedis, FAILING_FAST } from './redis_connection.ts'

const LOOK_MILLISECONDS = 500
/** Overdue work is looked for in every so many looks. */
const LOOKS_A_SWEEP = 6
/** A key that says: what was handed over is still here. */
const MARKER = `${QUEUE_PREFIX}:holds-work`

export interface ReconcilerOptions {
  ledger: JobLedger
  redisUrl: string
  /** Of the queues that have work waiting for a worker: since when the oldest waits. */
  waiting: () => Promise<ReadonlyMap<QueueName, Date>>
  /** Told when work is owed anew. */
  owed: () => void
  /** Told of work that was given up. */
  givenUp: (work: ClaimedWork) => Promise<void>
  warn: (message: string, error: unknown) => void
}

/**
 * Compares what was handed over with what was settled. When Redis was emptied, all outstanding work is handed over
 * again; work that never settles is handed over again after its time-out, and given up after enough tries.
 */
export class Reconciler {
  readonly #options: ReconcilerOptions
  readonly #redis: Redis
  readonly #loop: BackgroundLoop
  #looks = 0
  #mustReclaim = false
  #isAway = false

  constructor(options: ReconcilerOptions) {
    this.#options = options
    this.#redis = connectRedis(options.redisUrl, FAILING_FAST)
    this.#redis.on('error', (error) => this.#tellAway(error))
    // A Redis that went away may come back without its last moments.
    this.#redis.on('close', () => (this.#mustReclaim = true))
    this.#redis.on('ready', () => (this.#isAway = false))
    this.#loop = new BackgroundLoop({
      step: async () => {
        await this.look()
        return false
      },
      pauseMs: LOOK_MILLISECONDS,
      failed: (error) => options.warn('The reconciler waits for the database or Redis', error),
    })
  }

  start(): void {
    this.#loop.start()
  }

  async stop(): Promise<void> {
    await this.#loop.stop()
    this.#redis.disconnect()
  }

  /** Once for each time that it goes: it is tried again every moment. */
  #tellAway(error: Error): void {
    if (!this.#isAway) {
      this.#isAway = true
      this.#options.warn('Redis is away: what is owed waits in the ledger', error)
    }
  }

  async look(): Promise<void> {
    if (this.#redis.status !== 'ready') {
      return
    }
    await this.#reclaimLost()
    this.#looks += 1
    if (this.#looks % LOOKS_A_SWEEP === 0) {
      await this.sweep()
    }
  }

  /** Hands over again what is overdue, gives up what was tried enough, forgets what is long done. */
  async sweep(): Promise<{ reclaimed: number; dead: number }> {
    const { ledger, waiting, owed, givenUp } = this.#options
    const { reclaimed, dead } = await ledger.reclaimOverdue(await waiting())
    for (const work of dead) {
      await givenUp(work)
    }
    if (reclaimed > 0) {
      owed()
    }
    await ledger.prune()
    return { reclaimed, dead: dead.length }
  }

  /**
   * The marker is set first: should Redis be emptied from here on, it is gone again at the next look. What was handed
   * over before that moment is owed anew; what is still there is then done twice at most, which has no second effect.
   */
  async #reclaimLost() {
    const isNewlyMarked = (await this.#redis.set(MARKER, '1', 'NX')) === 'OK'
    this.#mustReclaim ||= isNewlyMarked
    if (!this.#mustReclaim) {
      return
    }
    // Another loss while this is under way is another reason to do it again.
    this.#mustReclaim = false
    const reclaimed = await this.#options.ledger.reclaimAll(new Date()).catch((error) => {
      this.#mustReclaim = true
      throw error
    })
    if (reclaimed > 0) {
      this.#options.owed()
    }
  }
}
