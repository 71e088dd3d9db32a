import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type pg from 'pg'
import type { AppendAnswer } from './append_errors.ts'
import { EventStoreUnavailableError } from './errors.ts'
import type { EncodedAppend } from './event_codec.ts'
import { appendNote } from './eventstoredb_envelope.ts'
import { GroupCommit } from './group_commit.ts'
import type { ExpectedVersion } from './port.ts'
import { PostgresConnection } from './postgres_connection.ts'
import { isPassingFailure } from './postgres_failure.ts'
import { postgresSession } from './postgres_session.ts'

const BATCH_BOUNDS = { items: 256, weight: Infinity }
const STATEMENT_MILLISECONDS = 10_000
/** How long an append waits for another one that holds what it wants. */
const PATIENCE_MILLISECONDS = 10_000
const RETRY_MILLISECONDS = 20

const RESERVE = `select ordinal, status, version, first_position, last_position, detail from log.reserve(
  $1::uuid, $2::integer, $3::text[]::uuid[], $4::text[], $5::integer[], $6::text[], $7::text[], $8::text[], $9::text[])`

const EXPECTED = { any: -1, exists: -2, none: 0 }

interface ReserveRow {
  ordinal: number
  status: AppendAnswer['status'] | 'reserved' | 'busy'
  version: number | null
  first_position: string | null
  last_position: string | null
  detail: Record<string, string | number> | null
}

export interface ReservationsOptions {
  connectionString: string
  pool: Pick<pg.Pool, 'query'>
  /** How long a reservation stands before it may be given up: longer than any try to append can take. */
  seconds: number
  /** Copies all that EventStoreDB has, which settles the reservations of what is there. */
  catchUp: () => Promise<void>
}

/**
 * What appends under way have reserved in PostgreSQL: claims, room in budgets, command ids, ids of events. The copy of an
 * append's events settles it. One that a process left behind is given up past its deadline, once a copy that began after
 * the deadline did not find its events.
 */
export class EventStoreDbReservations {
  readonly #options: ReservationsOptions
  readonly #connection: PostgresConnection
  readonly #owner = randomUUID()
  readonly #groupCommit: GroupCommit<EncodedAppend, AppendAnswer | 'reserved' | 'busy'>

  constructor(options: ReservationsOptions) {
    this.#options = options
    this.#connection = new PostgresConnection(
      postgresSession(options.connectionString, {
        patience: STATEMENT_MILLISECONDS,
        settings: ['synchronous_commit=on', 'jit=off'],
      })
    )
    this.#groupCommit = new GroupCommit({
      bounds: BATCH_BOUNDS,
      conflictKey: () => null,
      write: (appends) => this.#write(appends),
    })
  }

  readonly #pool = async () => this.#options.pool

  /** Whether an append needs a reservation at all. */
  static isNeeded({ claims, budgets, command, hasGivenIds }: EncodedAppend): boolean {
    return claims.length > 0 || budgets.length > 0 || command !== null || hasGivenIds
  }

  /** Answers `null` when it is reserved, else what refuses the append. Waits for others that hold what it wants. */
  async reserve(append: EncodedAppend): Promise<AppendAnswer | null> {
    const deadline = Date.now() + PATIENCE_MILLISECONDS
    for (;;) {
      const answer = await this.#groupCommit.submit(append, 1)
      if (answer === 'reserved') {
        return null
      }
      if (answer !== 'busy') {
        return answer
      }
      if (Date.now() > deadline) {
        throw new EventStoreUnavailableError('Another append holds what this one needs')
      }
      await this.giveUpExpired()
      await delay(RETRY_MILLISECONDS)
    }
  }

  /** Gives back what an append reserved that was certainly not written. */
  async release(append: EncodedAppend): Promise<void> {
    await this.#query(this.#pool, 'delete from log.reservations where id = $1 and owner = $2', [
      append.events[0]?.id,
      this.#owner,
    ])
  }

  /** Gives up what is past its deadline and did not come. */
  async giveUpExpired(): Promise<void> {
    const { rows } = await this.#query<{ id: string }>(
      this.#pool,
      'select id from log.reservations where deadline < clock_timestamp()',
      []
    )
    if (rows.length > 0) {
      await this.#options.catchUp()
      await this.#query(this.#pool, 'delete from log.reservations where id = any($1::uuid[])', [
        rows.map(({ id }) => id),
      ])
    }
  }

  async close(): Promise<void> {
    await this.#groupCommit.drained()
    await this.#connection.close()
  }

  async #write(appends: EncodedAppend[]) {
    const { rows } = await this.#query<ReserveRow>(() => this.#connection.client(), RESERVE, [
      this.#owner,
      this.#options.seconds,
      appends.map(({ events }) => events[0]?.id),
      appends.map(({ stream }) => stream),
      appends.map(({ expectedVersion }) => encodeExpected(expectedVersion)),
      appends.map(({ command }) => command?.id ?? null),
      appends.map(({ command }) => command?.fingerprint ?? null),
      appends.map(({ hasGivenIds, events }) =>
        hasGivenIds ? `{${events.map(({ id }) => id).join(',')}}` : null
      ),
      appends.map((append) => JSON.stringify(appendNote(append))),
    ])
    return rows.map((row) => ({ status: 'fulfilled', value: readAnswer(row) }) as const)
  }

  async #query<Row extends pg.QueryResultRow>(
    connect: () => Promise<Pick<pg.ClientBase | pg.Pool, 'query'>>,
    text: string,
    values: unknown[]
  ) {
    try {
      const client = await connect()
      return await client.query<Row>(text, values)
    } catch (error) {
      if (!isPassingFailure(error)) {
        throw error
      }
      this.#connection.discard()
      throw new EventStoreUnavailableError('PostgreSQL cannot be reached', { cause: error })
    }
  }
}

function encodeExpected(expected: ExpectedVersion): number {
  return typeof expected === 'number' ? expected : EXPECTED[expected]
}

function readAnswer(row: ReserveRow): AppendAnswer | 'reserved' | 'busy' {
  const { status, version, detail } = row
  if (status === 'reserved' || status === 'busy') {
    return status
  }
  return {
    status,
    version,
    firstPosition: Number(row.first_position),
    lastPosition: Number(row.last_position),
    ...detail,
  } as AppendAnswer
}
