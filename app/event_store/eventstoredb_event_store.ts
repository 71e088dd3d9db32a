import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { settleAppend, type AppendAnswer } from './append_errors.ts'
import { EventStoreUnavailableError } from './errors.ts'
import { EventCodec, type EncodedAppend } from './event_codec.ts'
import { isAfter } from './eventstoredb_client.ts'
import { EventStoreDbConnection, type EventStoreDbOptions } from './eventstoredb_connection.ts'
import { EventStoreDbCopy } from './eventstoredb_copy.ts'
import { EventStoreDbReservations } from './eventstoredb_reservations.ts'
import type {
  AppendOutcome,
  AppendRequest,
  CommandReference,
  EventStore,
  ReadAllOptions,
  ReadStreamOptions,
  StoredRange,
  SubscribeOptions,
  SubscriptionBatch,
} from './port.ts'
import { PostgresEventStore, type PostgresEventStoreOptions } from './postgres_event_store.ts'
import { isPassingFailure } from './postgres_failure.ts'
import { postgresSession } from './postgres_session.ts'
import { PostgresSignal } from './postgres_signal.ts'

export interface EventStoreDbEventStoreOptions
  extends PostgresEventStoreOptions, EventStoreDbOptions {
  /** How long a reservation stands before it may be given up; 60 unless told. */
  reservationSeconds?: number
}

/** Longer than all tries of an append together, by far: a late one must not find its claim given to another. */
const RESERVATION_SECONDS = 60
/** Whoever appended copies at once; the others look after this long whether it did. */
const GRACE_MILLISECONDS = 250
/** How long an append that was written waits for its positions. */
const PATIENCE_MILLISECONDS = 4_000
const RETRY_MILLISECONDS = 20
const READ_MILLISECONDS = 5_000

/**
 * The log in EventStoreDB. It decides the order and keeps the events; PostgreSQL keeps a copy of them in that order, with
 * dense positions and the hash chain, from which all reads are answered, and the claims, budgets and commands. An append
 * reserves there what it needs, is written, and is answered when the copy has it.
 */
export class EventStoreDbEventStore implements EventStore {
  readonly #copied: PostgresEventStore
  readonly #connection: EventStoreDbConnection
  readonly #copy: EventStoreDbCopy
  readonly #reservations: EventStoreDbReservations
  readonly #signal: PostgresSignal
  readonly #pool: pg.Pool
  readonly #codec: EventCodec
  readonly #appendTook: (seconds: number) => void
  #checked: Promise<unknown> | null = null
  #following: { close(): Promise<void> } | null = null
  #looking: NodeJS.Timeout | null = null

  constructor(options: EventStoreDbEventStoreOptions) {
    const { connectionString, namespace } = options
    this.#copied = new PostgresEventStore(options)
    this.#codec = new EventCodec(this.#copied.keyRing, options.siteKey)
    this.#appendTook = options.appendTook ?? (() => {})
    this.#pool = new pg.Pool({
      ...postgresSession(connectionString, { patience: READ_MILLISECONDS }),
      max: 2,
    })
    this.#pool.on('error', () => {})
    this.#signal = new PostgresSignal(connectionString)
    this.#connection = new EventStoreDbConnection(options)
    this.#copy = new EventStoreDbCopy({
      source: this.#connection,
      connectionString,
      pool: this.#pool,
      namespace,
      copied: (position) => this.#signal.announce(position),
    })
    this.#reservations = new EventStoreDbReservations({
      connectionString,
      pool: this.#pool,
      seconds: options.reservationSeconds ?? RESERVATION_SECONDS,
      catchUp: () => this.#copy.catchUp(),
    })
  }

  get keyRing() {
    return this.#copied.keyRing
  }

  get readers() {
    return this.#copied.readers
  }

  async append(request: AppendRequest): Promise<AppendOutcome> {
    const startedAt = performance.now()
    try {
      const encoded = await this.#codec.encode(request)
      const settled = settleAppend(encoded, await this.#write(encoded))
      if (settled.status === 'rejected') {
        throw settled.reason
      }
      return settled.value
    } finally {
      this.#appendTook((performance.now() - startedAt) / 1_000)
    }
  }

  findCommand(command: CommandReference) {
    return this.#copied.findCommand(command)
  }

  findClaim(scope: string, value: string) {
    return this.#copied.findClaim(scope, value)
  }

  readStream(stream: string, options?: ReadStreamOptions) {
    return this.#copied.readStream(stream, options)
  }

  readAll(options: ReadAllOptions) {
    return this.#copied.readAll(options)
  }

  readFacts(options: ReadAllOptions) {
    return this.#copied.readFacts(options)
  }

  readAt(positions: readonly number[]) {
    return this.#copied.readAt(positions)
  }

  readStored(range: StoredRange) {
    return this.#copied.readStored(range)
  }

  head() {
    return this.#copied.head()
  }

  subscribe(
    options: SubscribeOptions,
    handler: (batch: SubscriptionBatch) => Promise<void> | void
  ) {
    this.#follow()
    return this.#copied.subscribe(options, handler)
  }

  onAppended(listener: (position: number) => void): () => void {
    this.#follow()
    return this.#copied.onAppended(listener)
  }

  /** Copies all that EventStoreDB has. */
  catchUp(): Promise<void> {
    return this.#copy.catchUp()
  }

  async close() {
    if (this.#looking !== null) {
      clearTimeout(this.#looking)
    }
    await this.#following?.close()
    await this.#reservations.close()
    await this.#copy.close()
    await this.#connection.close()
    await this.#signal.close()
    await this.#pool.end()
    await this.#copied.close()
  }

  async #write(append: EncodedAppend): Promise<AppendAnswer> {
    const isReserved = EventStoreDbReservations.isNeeded(append)
    await this.#check()
    const refusal = isReserved ? await this.#reservations.reserve(append) : null
    if (refusal !== null) {
      return refusal
    }
    let conflict: number | null
    try {
      conflict = await this.#connection.append(append)
    } catch (error) {
      if (isReserved && !(error instanceof EventStoreUnavailableError)) {
        await this.#reservations.release(append)
      }
      throw error
    }
    if (conflict !== null) {
      if (isReserved) {
        await this.#reservations.release(append)
      }
      return { status: 'version_conflict', version: conflict }
    }
    return this.#positionsOf(append)
  }

  /** An append must not go to EventStoreDB while the log is elsewhere. It changes places only while the site is down. */
  async #check(): Promise<void> {
    this.#checked ??= this.#copy.place()
    try {
      await this.#checked
    } catch (error) {
      this.#checked = null
      throw isPassingFailure(error)
        ? new EventStoreUnavailableError('PostgreSQL cannot be reached', { cause: error })
        : error
    }
  }

  async #positionsOf({ events }: EncodedAppend): Promise<AppendAnswer> {
    const deadline = Date.now() + PATIENCE_MILLISECONDS
    for (;;) {
      await this.#copy.catchUp()
      const { rows } = await this.#pool.query<{ version: number; position: string }>({
        name: 'positions_of',
        text: 'select version, position from log.places where id = any($1::uuid[]) order by position',
        values: [[events[0]?.id, events.at(-1)?.id]],
      })
      const [first] = rows
      const last = rows.at(-1)
      if (first !== undefined && last !== undefined) {
        return {
          status: 'appended',
          version: last.version,
          firstPosition: Number(first.position),
          lastPosition: Number(last.position),
        }
      }
      if (Date.now() > deadline) {
        throw new EventStoreUnavailableError('EventStoreDB does not show what it has written')
      }
      await delay(RETRY_MILLISECONDS)
    }
  }

  /** Copies also what a process appended that died before it could. */
  #follow(): void {
    let reached: { commit: bigint; prepare: bigint } | null = null
    this.#following ??= this.#connection.follow(
      () => this.#copy.place(),
      (place) => {
        reached = place
        this.#looking ??= setTimeout(() => {
          this.#looking = null
          void this.#lookAfter(reached ?? place)
        }, GRACE_MILLISECONDS)
      }
    )
  }

  async #lookAfter(place: { commit: bigint; prepare: bigint }): Promise<void> {
    try {
      if (isAfter(place, await this.#copy.place())) {
        await this.#copy.catchUp()
      }
    } catch {
      // The next event, or the next append, tries again.
    }
  }
}
