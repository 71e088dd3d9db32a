import type pg from 'pg'
import { PostgresConnection } from '#event_store/postgres_connection'
import type { EventStore } from '#event_store/port'
import { advance, ProjectionFailure } from './advance.ts'
import { readCheckpoints } from './checkpoints.ts'
import { PageReader } from './page_reader.ts'
import type { AnyProjection } from './projection.ts'
import { projectionSession } from './session.ts'

export interface ProjectionRuntimeOptions {
  connectionString: string
  eventStore: EventStore
  projections: readonly AnyProjection[]
  /** Eager: woken by each append. Otherwise a stand-by that looks now and then and takes over when nobody runs. */
  eager: boolean
  /** Events a batch; 2,000 unless told. */
  batchSize?: number
  /** Told what went wrong, once for each kind in a row. */
  warn?: (message: string, error: unknown) => void
}

/** Projections that run in one batch, the furthest behind standing at `from`. */
interface Group {
  projections: AnyProjection[]
  from: number
}

const BATCH = 2_000
/** A projection further behind than this runs by itself, so that it holds up nobody. */
const FAR_BEHIND = 2_500
/** Signals can be lost, and whoever runs can die: all look this often. */
const POLL_MILLISECONDS = 400
const RETRY_MILLISECONDS = 250

/**
 * Keeps read models up to date. Any number of processes may run it: for each batch the row lock on the checkpoint
 * decides who does the work, so that one that dies is replaced at once. A read model of another version than the
 * code's is left alone.
 */
export class ProjectionRuntime {
  readonly #options: ProjectionRuntimeOptions
  readonly #connection: PostgresConnection
  readonly #pages: PageReader
  /** Projections that could not be written last time; each runs by itself until it can. */
  readonly #failing = new Set<string>()
  #stopping = false
  #signalled = false
  #wake: () => void = () => {}
  #running: Promise<void> | null = null
  #lastWarning = ''

  constructor(options: ProjectionRuntimeOptions) {
    this.#options = options
    this.#connection = new PostgresConnection(projectionSession(options.connectionString))
    this.#pages = new PageReader(options.eventStore)
  }

  start(): void {
    this.#running ??= this.#run()
  }

  /** Finishes the batch in hand. */
  async stop(): Promise<void> {
    this.#stopping = true
    this.#wake()
    await this.#running
    await this.#connection.close()
  }

  async #run() {
    const { eager, eventStore } = this.#options
    const stopListening = eager
      ? eventStore.onAppended(() => {
          this.#signalled = true
          this.#wake()
        })
      : () => {}
    while (!this.#stopping) {
      this.#signalled = false
      try {
        const busy = await this.#advanceAll()
        if (!busy) {
          await this.#sleep(POLL_MILLISECONDS)
        }
      } catch (error) {
        this.#warn('Projections wait for the database', error)
        this.#connection.discard()
        await this.#sleep(RETRY_MILLISECONDS)
      }
    }
    stopListening()
  }

  /** One batch of each group; true while there is more to read. */
  async #advanceAll(): Promise<boolean> {
    const client = await this.#connection.client()
    let busy = false
    for (const group of await this.#groups(client)) {
      if (!this.#stopping) {
        const events = await this.#advanceGroup(client, group)
        busy ||= events > 0
      }
    }
    if (this.#failing.size === 0) {
      this.#lastWarning = ''
    }
    return busy
  }

  async #advanceGroup(client: pg.Client, { projections, from }: Group): Promise<number> {
    const { batchSize: limit = BATCH } = this.#options
    try {
      const { events } = await advance({
        client,
        pages: this.#pages,
        projections,
        slot: 'live',
        from,
        limit,
      })
      projections.forEach(({ name }) => this.#failing.delete(name))
      return events
    } catch (error) {
      if (!(error instanceof ProjectionFailure)) {
        throw error
      }
      this.#warn('A read model cannot be written; it is tried again', error)
      // In a group the others go on without it at once; by itself it waits for the next turn.
      const wasAlone = this.#failing.has(error.projection)
      this.#failing.add(error.projection)
      return wasAlone ? 0 : 1
    }
  }

  /** Those that keep up, those far behind, and each of those that fail. */
  async #groups(client: pg.Client): Promise<Group[]> {
    const installed = new Map(
      (await readCheckpoints(client, 'live')).map((one) => [one.projection, one])
    )
    const current = this.#options.projections.filter(
      ({ name, version }) => installed.get(name)?.version === version
    )
    const positionOf = ({ name }: AnyProjection) => installed.get(name)?.position ?? 0
    const healthy = current.filter(({ name }) => !this.#failing.has(name))
    const front = Math.max(0, ...healthy.map(positionOf))
    const isFar = (one: AnyProjection) => front - positionOf(one) > FAR_BEHIND
    return [
      healthy.filter((one) => !isFar(one)),
      healthy.filter(isFar),
      ...current.filter(({ name }) => this.#failing.has(name)).map((one) => [one]),
    ]
      .filter((projections) => projections.length > 0)
      .map((projections) => ({ projections, from: Math.min(...projections.map(positionOf)) }))
  }

  #sleep(milliseconds: number): Promise<void> {
    if (this.#signalled || this.#stopping) {
      return Promise.resolve()
    }
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  #warn(message: string, error: unknown) {
    const reason = error instanceof Error ? error.message : String(error)
    if (reason !== this.#lastWarning) {
      this.#lastWarning = reason
      this.#options.warn?.(message, error)
    }
  }
}
