import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'

/** So many events are taken in by one statement. */
const STRETCH = 5_000
/** What is not taken in yet is searched as it lies in the log: there is no hurry. */
const PAUSE_MILLISECONDS = 1_000

/** Each takes the next events in, so many at most, and answers whether there are more. */
const TAKE = `select run.take_event_origins($1) as origins, log.index_events($1) as places`

export interface LogIndexesOptions {
  connectionString: string
  warn: (message: string, error: unknown) => void
}

/**
 * Keeps the tables by which the log is searched: for whoever acted and for the request (`run.event_origins`), and for
 * streams, ids and types over partitions that are full (`log.event_index`). Any number of processes may: one does it at a
 * time, and none holds up an append.
 */
export class LogIndexes {
  readonly #pool: pg.Pool
  readonly #warn: LogIndexesOptions['warn']
  readonly #stopping = new AbortController()
  #running: Promise<void> | null = null

  constructor({ connectionString, warn }: LogIndexesOptions) {
    // What is lost in a crash is taken in again.
    const options = '-c synchronous_commit=off'
    this.#pool = new pg.Pool({ connectionString, max: 1, options })
    // A broken idle connection is replaced at the next use.
    this.#pool.on('error', () => {})
    this.#warn = warn
  }

  start(): void {
    this.#running ??= this.#run()
  }

  /** Finishes the stretch in hand. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#running
    await this.#pool.end()
  }

  /** Takes in the next stretch; answers whether there is more. */
  async take(): Promise<boolean> {
    const { rows } = await this.#pool.query<{ origins: boolean; places: boolean }>(TAKE, [STRETCH])
    return rows.some(({ origins, places }) => origins || places)
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping
    while (!signal.aborted) {
      const hasMore = await this.take().catch((error: unknown) => {
        this.#warn('The log could not be indexed', error)
        return false
      })
      if (!hasMore) {
        await delay(PAUSE_MILLISECONDS, undefined, { signal }).catch(() => {})
      }
    }
  }
}
