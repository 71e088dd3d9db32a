import type pg from 'pg'
import { PostgresConnection } from '#event_store/postgres_connection'
import type { EventStore } from '#event_store/port'
import { advance } from './advance.ts'
import { PageReader } from './page_reader.ts'
import type { AnyProjection } from './projection.ts'

export interface ProjectionRuntimeOptions {
  connectionString: string
  eventStore: EventStore
  projections: readonly AnyProjection[]
  /** Eager: woken by each append. Otherwise a stand-by that looks now and then and takes over when nobody runs. */
  eager: boolean
  /** Told what went wrong, once for each kind in a row. */
  warn?: (message: string, error: unknown) => void
}

const BATCH = 2_000
/** A projection further behind than this runs by itself, so that it holds up nobody. */
const FAR_BEHIND = BATCH
/** Signals can be lost, and whoever runs can die: all look this often. */
const POLL_MILLISECONDS = 400
const RETRY_MILLISECONDS = 250
/** A process that froze in the middle of a batch loses its connection, and with it the locks. */
const FROZEN_MILLISECONDS = 1_500

export function projectionSession(connectionString: string): pg.ClientConfig {
  return {
    connectionString,
    connectionTimeoutMillis: 5_000,
    keepAlive: true,
    options: [
      '-c synchronous_commit=off',
      '-c jit=off',
      `-c idle_in_transaction_session_timeout=${FROZEN_MILLISECONDS}`,
    ].join(' '),
  }
}

/**
 * Keeps read models up to date. Any number of processes may run it: for each batch the row lock on the checkpoint
 * decides who does the work, so that one that dies is replaced at once.
 */
export class ProjectionRuntime {
  readonly #options: ProjectionRuntimeOptions
  readonly #connection: PostgresConnection
  readonly #pages: PageReader
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
        this.#lastWarning = ''
        if (!busy) {
          await this.#sleep(POLL_MILLISECONDS)
        }
      } catch (error) {
        this.#warn(error)
        await this.#connection.discard()
        await this.#sleep(RETRY_MILLISECONDS)
      }
    }
    stopListening()
  }

  /** One batch for those that keep up, and one for those far behind; true while there is more to read. */
  async #advanceAll(): Promise<boolean> {
    const client = await this.#connection.client()
    const { near, far } = await this.#partition(client)
    let busy = false
    for (const projections of [near, far]) {
      if (projections.length > 0 && !this.#stopping) {
        const { events } = await advance({
          client,
          pages: this.#pages,
          projections,
          slot: 'live',
          limit: BATCH,
        })
        busy ||= events > 0
      }
    }
    return busy
  }

  async #partition(client: pg.Client) {
    const { projections } = this.#options
    const { rows } = await client.query<{ projection: string; position: string }>({
      name: 'checkpoints',
      text: `select projection, position from run.checkpoints where slot = 'live'`,
    })
    const positions = new Map(rows.map((row) => [row.projection, Number(row.position)]))
    const front = Math.max(0, ...positions.values())
    const isFar = ({ name }: AnyProjection) => front - (positions.get(name) ?? 0) > FAR_BEHIND
    const installed = projections.filter(({ name }) => positions.has(name))
    return { near: installed.filter((one) => !isFar(one)), far: installed.filter(isFar) }
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

  #warn(error: unknown) {
    const message = error instanceof Error ? error.message : String(error)
    if (message !== this.#lastWarning) {
      this.#lastWarning = message
      this.#options.warn?.('Projections wait for the database', error)
    }
  }
}
