import type pg from 'pg'
import { EventStoreUnavailableError } from './errors.ts'
import { isAfter, LogElsewhereError } from './eventstoredb_client.ts'
import type { EventStoreDbConnection } from './eventstoredb_connection.ts'
import type { CopiedEvent, Place } from './eventstoredb_envelope.ts'
import { addRoom, hadNoRoom } from './log_room.ts'
import { PostgresConnection } from './postgres_connection.ts'
import { isPassingFailure } from './postgres_failure.ts'
import { postgresSession } from './postgres_session.ts'

const PAGE = 1_000
const STATEMENT_MILLISECONDS = 10_000

const COPY = `select log.copy_batch($1::bigint, $2::bigint, $3::bigint[], $4::bigint[], $5::text[], $6::integer[],
  $7::text[]::uuid[], $8::text[], $9::integer[], $10::text[], $11::text[], $12::bigint[], $13::text[]) as head`

export interface CopyOptions {
  source: Pick<EventStoreDbConnection, 'readAfter'>
  connectionString: string
  pool: Pick<pg.Pool, 'query'>
  namespace: string
  /** Told the last position after each batch that was copied by this process. */
  copied: (position: number) => void
}

/**
 * Keeps the log's ordered copy in PostgreSQL: events get their dense positions in EventStoreDB's order. Any process may
 * copy, and many may at once: one function does it, under the head's lock, and passes over what is there. The copy need not
 * be durable at once, since it follows from EventStoreDB alone.
 */
export class EventStoreDbCopy {
  readonly #options: CopyOptions
  readonly #connection: PostgresConnection
  #reached: Place | null = null
  #running: Promise<void> | null = null
  #next: Promise<void> | null = null

  constructor(options: CopyOptions) {
    this.#options = options
    this.#connection = new PostgresConnection(
      postgresSession(options.connectionString, {
        patience: STATEMENT_MILLISECONDS,
        settings: ['synchronous_commit=off', 'jit=off'],
      })
    )
  }

  /** Copies all that EventStoreDB had when it was called. Calls that come meanwhile share the next run. */
  catchUp(): Promise<void> {
    this.#next ??= this.#runAfter(this.#running)
    return this.#next
  }

  /** Where the copy stands. @throws LogElsewhereError when the log is not in EventStoreDB */
  async place(): Promise<Place> {
    const { rows } = await this.#options.pool.query<{
      namespace: string
      commit: string
      prepare: string
    }>({
      name: 'place',
      text: 'select namespace, commit_position as commit, prepare_position as prepare from log.eventstoredb',
    })
    const [row] = rows
    if (row === undefined || row.namespace !== this.#options.namespace) {
      throw new LogElsewhereError(
        row === undefined
          ? 'EVENTSTORE_URL is set, and the log is in PostgreSQL: bring it over with events:copy first'
          : `The log is in EventStoreDB under "${row.namespace}", not under "${this.#options.namespace}"`
      )
    }
    return { commit: BigInt(row.commit), prepare: BigInt(row.prepare) }
  }

  async close(): Promise<void> {
    await this.#running?.catch(() => {})
    await this.#connection.close()
  }

  async #runAfter(running: Promise<void> | null): Promise<void> {
    await running?.catch(() => {})
    this.#next = null
    this.#running = this.#run()
    await this.#running
  }

  async #run(): Promise<void> {
    try {
      for (let more = true; more;) {
        more = await this.#copyPageInRoom()
      }
    } catch (error) {
      this.#reached = null
      if (!isPassingFailure(error)) {
        throw error
      }
      this.#connection.discard()
      throw new EventStoreUnavailableError('PostgreSQL cannot be reached', { cause: error })
    }
  }

  async #copyPageInRoom(): Promise<boolean> {
    try {
      return await this.#copyPage()
    } catch (error) {
      if (!hadNoRoom(error)) {
        throw error
      }
      await addRoom(await this.#connection.client(), PAGE)
      return this.#copyPageInRoom()
    }
  }

  async #copyPage(): Promise<boolean> {
    const place = await this.place()
    // Between our events there may be many of others, which need not be read again.
    const after = this.#reached !== null && isAfter(this.#reached, place) ? this.#reached : place
    const page = await this.#options.source.readAfter(after, PAGE)
    if (page.events.length > 0) {
      const client = await this.#connection.client()
      const { rows } = await client.query<{ head: string | null }>({
        name: 'copy_batch',
        text: COPY,
        values: copyParameters(place, page.events),
      })
      const head = rows[0]?.head ?? null
      if (head === null) {
        throw new LogElsewhereError('The log was brought back to PostgreSQL meanwhile')
      }
      this.#options.copied(Number(head))
    }
    this.#reached = page.through
    return page.more
  }
}

function copyParameters(after: Place, events: readonly CopiedEvent[]): unknown[] {
  return [
    after.commit,
    after.prepare,
    events.map(({ commit }) => commit),
    events.map(({ prepare }) => prepare),
    events.map(({ stream }) => stream),
    events.map(({ version }) => version),
    events.map(({ id }) => id),
    events.map(({ type }) => type),
    events.map(({ schemaVersion }) => schemaVersion),
    events.map(({ data }) => data),
    events.map(({ metadata }) => metadata),
    events.map(({ recordedAt }) => recordedAt),
    events.map(({ append }) => (append === null ? null : JSON.stringify(append))),
  ]
}
