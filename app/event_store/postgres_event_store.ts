import pg from 'pg'
import { CommandIdReusedError, EventStoreUnavailableError } from './errors.ts'
import { EventCodec } from './event_codec.ts'
import type { KeyRing } from './key_ring.ts'
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
  StoredRange,
  SubscribeOptions,
  Subscription,
  SubscriptionBatch,
} from './port.ts'
import { PostgresAppender } from './postgres_appender.ts'
import { isPassingFailure } from './postgres_failure.ts'
import { PostgresKeyRing } from './postgres_key_ring.ts'
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
  /** Told how many seconds an append took, whether or not it was refused. */
  appendTook?: (seconds: number) => void
}

/** A page of the log is read by its index; one that takes longer than this has nobody to send it. */
const READ_MILLISECONDS = 15_000

const EVENT_COLUMNS = `position, stream, version, id, type, schema_version, data, metadata,
  (date_part('epoch', recorded_at) * 1000)::bigint`

/** Every value is taken as the text that PostgreSQL sends; `readRow` knows what each is. */
const AS_TEXT = { getTypeParser: () => (value: string) => value }

type EventRow = string[]

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
    const {
      from = 1,
      to = null,
      backwards = false,
      limit = null,
      asOf = null,
      types = null,
    } = options
    const direction = backwards ? 'desc' : 'asc'
    const rows = await this.#rows(
      `read_stream_${direction}`,
      `select ${EVENT_COLUMNS} from log.events
       where stream = $1 and version >= $2 and ($3::integer is null or version <= $3)
         and ($4::timestamptz is null or recorded_at <= $4) and ($5::bigint is null or position <= $5)
         and ($7::text[] is null or type = any($7))
       order by version ${direction} limit $6`,
      [
        stream,
        from,
        to,
        typeof asOf === 'string' ? asOf : null,
        typeof asOf === 'number' ? asOf : null,
        limit,
        types,
      ]
    )
    return this.#decode(rows)
  }

  async readAll(options: ReadAllOptions): Promise<RecordedEvent[]> {
    const conditions = ['position > $1', 'position <= $2']
    const values: unknown[] = [
      options.after,
      options.upTo ?? Number.MAX_SAFE_INTEGER,
      options.limit,
    ]
    let name = 'read_all'
    if (options.types !== undefined) {
      conditions.push(`type = any($${values.push(options.types)}::text[])`)
      name += '_types'
    }
    if (options.categories !== undefined) {
      conditions.push(
        `split_part(stream, '-', 1) = any($${values.push(options.categories)}::text[])`
      )
      name += '_categories'
    }
    const rows = await this.#rows(
      name,
      `select ${EVENT_COLUMNS} from log.events where ${conditions.join(' and ')}
       order by position limit $3`,
      values
    )
    return this.#decode(rows)
  }

  async readAt(positions: readonly number[]): Promise<RecordedEvent[]> {
    const rows = await this.#rows(
      'read_at',
      `select ${EVENT_COLUMNS} from log.events where position = any($1::bigint[]) order by position`,
      [positions]
    )
    return this.#decode(rows)
  }

  async readStored({ after, limit }: StoredRange): Promise<StoredEvent[]> {
    const rows = await this.#rows(
      'read_stored',
      `select ${EVENT_COLUMNS}, encode(hash, 'hex') from log.events
       where position > $1 order by position limit $2`,
      [after, limit]
    )
    return rows.map(readRow)
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

  async #decode(rows: EventRow[]): Promise<RecordedEvent[]> {
    return this.#reaching(() => this.#codec.decode(rows.map(readRow)))
  }

  async #rows(name: string, text: string, values: unknown[]): Promise<EventRow[]> {
    const { rows } = await this.#reaching(() =>
      this.#pool.query<EventRow>({ name, text, values, rowMode: 'array', types: AS_TEXT })
    )
    return rows
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

const NO_HASH = Buffer.alloc(0)

function readRow(row: EventRow): StoredEvent {
  const [position, stream, version, id, type, schemaVersion, data, metadata, recordedAt, hash] = row
  return {
    position: Number(position),
    stream: stream ?? '',
    version: Number(version),
    id: id ?? '',
    type: type ?? '',
    schemaVersion: Number(schemaVersion),
    data: data ?? '',
    metadata: metadata ?? '',
    recordedAt: Number(recordedAt),
    hash: hash === undefined ? NO_HASH : Buffer.from(hash, 'hex'),
  }
}
