import pg from 'pg'
import { CommandIdReusedError, EventStoreUnavailableError } from './errors.ts'
import { EventCodec } from './event_codec.ts'
import type { KeyRing } from './key_ring.ts'
import type { StrategyArchives } from './archive_store.ts'
import { LogArchives } from './log_archives.ts'
import { LogLayout } from './log_layout.ts'
import type {
  AppendOutcome,
  AppendRequest,
  ClaimRequest,
  CommandReference,
  EventStore,
  LogHead,
  ReadAllOptions,
  ReadStreamOptions,
  RecordedEvent,
  RecordedFact,
  StoredRange,
  SubscribeOptions,
  Subscription,
  SubscriptionBatch,
} from './port.ts'
import { PostgresAppender } from './postgres_appender.ts'
import { isPassingFailure } from './postgres_failure.ts'
import { PostgresKeyRing } from './postgres_key_ring.ts'
import { PostgresLogReader } from './postgres_log_reader.ts'
import { postgresSession } from './postgres_session.ts'
import { PostgresSignal } from './postgres_signal.ts'
import { SharedLookUp, type FoundRow } from './shared_look_up.ts'
import { GENESIS_HASH, type StoredEvent } from './stored_event.ts'
import { subscribeByReading } from './subscription.ts'

export interface PostgresEventStoreOptions {
  connectionString: string
  /** The site's key: personal keys are wrapped with it, claims fingerprinted. */
  siteKey: string
  /** Connections for reading; 4 unless told. Two more serve appends and the signal. */
  readers?: number
  /** For how long it is remembered where partitions lie, in milliseconds; a minute unless told. */
  layoutKept?: number
  /** How to get at archives of the log that lie in storage strategies; not unless told. */
  archives?: StrategyArchives
  /** Told how many seconds an append took, whether or not it was refused. */
  appendTook?: (seconds: number) => void
}

/** A page of the log is read by its index; one that takes longer than this has nobody to send it. */
const READ_MILLISECONDS = 15_000

interface CommandRow {
  fingerprint: string
  stream: string
  version: number
  first_position: string
  last_position: string
}

interface ClaimRow extends FoundRow {
  stream: string
}

/** The log on PostgreSQL; see `database/migrations/0001_event_log.ts` for the tables. */
export class PostgresEventStore implements EventStore {
  readonly #pool: pg.Pool
  readonly #reader: PostgresLogReader
  readonly #appender: PostgresAppender
  readonly #signal: PostgresSignal
  readonly #codec: EventCodec
  readonly #claims: SharedLookUp<Pick<ClaimRequest, 'scope' | 'value'>, ClaimRow>
  readonly #appendTook: (seconds: number) => void
  readonly keyRing: KeyRing

  constructor(options: PostgresEventStoreOptions) {
    const { connectionString } = options
    this.#pool = new pg.Pool({
      ...postgresSession(connectionString, { patience: READ_MILLISECONDS }),
      max: options.readers ?? 4,
    })
    // A broken idle connection is replaced at the next use.
    this.#pool.on('error', () => {})
    this.#reader = new PostgresLogReader(
      this.#pool,
      new LogLayout(this.#pool, options.layoutKept),
      new LogArchives(this.#pool, options.archives)
    )
    this.#signal = new PostgresSignal(connectionString)
    this.#appender = new PostgresAppender(connectionString, (position) =>
      this.#signal.announce(position)
    )
    this.#claims = new SharedLookUp(this.#pool, (claims) => ({
      name: 'find_claims',
      text: `select w.n::integer, c.stream
             from unnest($1::text[], $2::text[]) with ordinality as w(scope, value, n)
             join log.claims c on c.scope = w.scope and c.value = w.value`,
      values: [claims.map(({ scope }) => scope), claims.map(({ value }) => value)],
    }))
    this.keyRing = new PostgresKeyRing(this.#pool, options.siteKey)
    this.#codec = new EventCodec(this.keyRing, options.siteKey)
    this.#appendTook = options.appendTook ?? (() => {})
  }

  async append(request: AppendRequest): Promise<AppendOutcome> {
    const startedAt = performance.now()
    try {
      const encoded = await this.#reaching(() => this.#codec.encode(request))
      return await this.#appender.append(encoded)
    } finally {
      this.#appendTook((performance.now() - startedAt) / 1_000)
    }
  }

  /** The connections for reading. */
  get readers(): Pick<pg.Pool, 'totalCount' | 'idleCount' | 'waitingCount'> {
    return this.#pool
  }

  async findCommand({ id, fingerprint }: CommandReference): Promise<AppendOutcome | null> {
    const { rows } = await this.#reaching(() =>
      this.#pool.query<CommandRow>({
        name: 'find_command',
        text: `select fingerprint, stream, version, first_position, last_position
               from log.commands where id = $1`,
        values: [id],
      })
    )
    const row = rows[0]
    if (row === undefined) {
      return null
    }
    if (row.fingerprint !== fingerprint) {
      throw new CommandIdReusedError(id)
    }
    return {
      stream: row.stream,
      version: row.version,
      firstPosition: Number(row.first_position),
      lastPosition: Number(row.last_position),
      eventIds: [],
      repeated: true,
    }
  }

  async findClaim(scope: string, value: string): Promise<string | null> {
    const claim = this.#codec.encodeClaim({ action: 'take', scope, value })
    const holder = await this.#reaching(() => this.#claims.find(claim))
    return holder?.stream ?? null
  }

  async readStream(stream: string, options: ReadStreamOptions = {}): Promise<RecordedEvent[]> {
    return this.#decoded(() => this.#reader.readStream(stream, options))
  }

  async readAll(options: ReadAllOptions): Promise<RecordedEvent[]> {
    return this.#decoded(() => this.#reader.readAll(options))
  }

  async readFacts(options: ReadAllOptions): Promise<RecordedFact[]> {
    return this.#decoded(() => this.#reader.readFacts(options))
  }

  async readAt(positions: readonly number[]): Promise<RecordedEvent[]> {
    return this.#decoded(() => this.#reader.readAt(positions))
  }

  async readStored(range: StoredRange): Promise<StoredEvent[]> {
    return this.#reaching(() => this.#reader.readStored(range))
  }

  async head(): Promise<LogHead> {
    const { rows } = await this.#reaching(() =>
      this.#pool.query<{ position: string; hash: Buffer }>('select position, hash from log.head')
    )
    const row = rows[0]
    return {
      position: Number(row?.position ?? 0),
      hash: (row?.hash ?? GENESIS_HASH).toString('hex'),
    }
  }

  subscribe(
    options: SubscribeOptions,
    handler: (batch: SubscriptionBatch) => Promise<void> | void
  ): Subscription {
    return subscribeByReading(
      this,
      options,
      handler,
      (error) => error instanceof EventStoreUnavailableError
    )
  }

  onAppended(listener: (position: number) => void): () => void {
    return this.#signal.onAppended(listener)
  }

  async close() {
    await this.#appender.close()
    await this.#signal.close()
    await this.#pool.end()
  }

  async #decoded(read: () => Promise<StoredEvent[]>): Promise<RecordedEvent[]> {
    return this.#reaching(async () => this.#codec.decode(await read()))
  }

  async #reaching<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await work()
    } catch (error) {
      throw isPassingFailure(error)
        ? new EventStoreUnavailableError('PostgreSQL cannot be reached', { cause: error })
        : error
    }
  }
}
