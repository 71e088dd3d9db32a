import type pg from 'pg'
import { readArchived } from './archive.ts'
import type { LogArchives } from './log_archives.ts'
import { stretchEnd, type LogLayout } from './log_layout.ts'
import { categoryOf } from '#domain/streams'
import type { ReadAllOptions, ReadStreamOptions, StoredRange } from './port.ts'
import type { StoredEvent } from './stored_event.ts'

const EVENT_COLUMNS = `position, stream, version, id, type, schema_version, data, metadata,
  (date_part('epoch', recorded_at) * 1000)::bigint`

/** Neither JSON text nor names have them: ASCII's separators of records and fields. */
const RECORD_SEPARATOR = '\u001e'
const FIELD_SEPARATOR = '\u001f'

/** An event of which only the place is known. */
const PLACE_COLUMNS = 'position, null, version, null, null, null, null, null, null'
/** After a position alone. */
const NOTHING_ELSE = 'null, null, null, null, null, null, null, null'
const NOTHING_ELSE_HASHED = `${NOTHING_ELSE}, null`

/** Every value is taken as the text that PostgreSQL sends; `readRow` knows what each is. */
const AS_TEXT = { getTypeParser: () => (value: string) => value }

type EventRow = Array<string | null>

/** Conditions on events, beside where they lie; `$1` to `$3` are taken. */
interface Filter {
  /** Of the prepared statement; `null` where the plan depends on what is asked for, such as a type that is rare. */
  name: string | null
  conditions: string[]
  values: unknown[]
  /** The same, of an event that was read. */
  isWanted: (event: StoredEvent) => boolean
}

/** How a page of events is asked for, and read from what the database answers. */
interface PageForm {
  /** What it adds to the name of a prepared statement. */
  suffix: string
  /** The statement for those events that conditions select, `$3` at most; it tells how far archives go as well. */
  text(selected: string): string
  read(rows: EventRow[]): { archived: number; events: StoredEvent[] }
}

/** A row an event. */
function asRows(columns: string, nothingElse: string): PageForm {
  return {
    suffix: '',
    text: (selected) =>
      `(select ${columns} from log.events where ${selected} order by position limit $3)
       union all (select log.archived(), ${nothingElse})`,
    read: (rows) => ({
      archived: Number(rows.find((row) => !isWhole(row))?.[0]),
      events: rows.filter(isWhole).map(readRow).toSorted(byPosition),
    }),
  }
}

const EVENTS = asRows(EVENT_COLUMNS, NOTHING_ELSE)
const HASHED_EVENTS = asRows(`${EVENT_COLUMNS}, encode(hash, 'hex')`, NOTHING_ELSE_HASHED)

/** A text of more than 128 kB costs PostgreSQL's allocator several times as much as shorter ones. */
const FACTS_A_TEXT = 50

/**
 * Events without their metadata, many in one text: of many small rows the protocol costs more than what they tell.
 */
const FACTS: PageForm = {
  suffix: '_facts',
  text: (selected) =>
    `(select null, string_agg(concat_ws(chr(31), position, stream, version, id, type, schema_version,
         (date_part('epoch', recorded_at) * 1000)::bigint, data), chr(30) order by position)
       from (select * from log.events where ${selected} order by position limit $3) as page
       group by position / ${FACTS_A_TEXT} order by position / ${FACTS_A_TEXT})
     union all (select log.archived(), null)`,
  read(rows) {
    const events: StoredEvent[] = []
    let archived = 0
    for (const [told, text] of rows) {
      if (typeof text === 'string') {
        for (const line of text.split(RECORD_SEPARATOR)) {
          events.push(readFact(line))
        }
      } else {
        archived = Number(told)
      }
    }
    return { archived, events: events.toSorted(byPosition) }
  },
}

/** Reads events as they lie in the partitions of the log; the pool's failures are passed on. */
export class PostgresLogReader {
  readonly #pool: pg.Pool
  readonly #layout: LogLayout
  readonly #archives: LogArchives

  constructor(pool: pg.Pool, layout: LogLayout, archives: LogArchives) {
    this.#pool = pool
    this.#layout = layout
    this.#archives = archives
  }

  /**
   * The newest partitions are looked into; of the others the index tells where the stream's events lie. Both in one
   * statement, so that an event is in one of them, or in both.
   */
  async readStream(stream: string, options: ReadStreamOptions): Promise<StoredEvent[]> {
    const {
      from = 1,
      to = null,
      backwards = false,
      limit = null,
      asOf = null,
      types = null,
    } = options
    const { indexed } = await this.#layout.current()
    const direction = backwards ? 'desc' : 'asc'
    const selected = `stream = $1 and version >= $2 and ($3::integer is null or version <= $3)
      and ($4::timestamptz is null or recorded_at <= $4) and ($5::bigint is null or position <= $5)
      and ($7::text[] is null or type = any($7))`
    const order = `order by version ${direction} limit $6`
    const rows = await this.#rows(
      `read_stream_${direction}`,
      `(select ${EVENT_COLUMNS} from log.events where ${selected} and position > $8 ${order})
       union all (select ${PLACE_COLUMNS} from log.event_index where ${selected} ${order})`,
      [
        stream,
        from,
        to,
        typeof asOf === 'string' ? asOf : null,
        typeof asOf === 'number' ? asOf : null,
        limit,
        types,
        indexed,
      ]
    )
    const events = rows.filter(isWhole).map(readRow)
    const found = new Set(events.map(({ position }) => position))
    const elsewhere = rows
      .filter((row) => !isWhole(row))
      .map(([position]) => Number(position))
      .filter((position) => !found.has(position))
    if (elsewhere.length > 0) {
      events.push(...(await this.readAt(elsewhere)))
    }
    const sign = backwards ? -1 : 1
    const ordered = events.toSorted((one, other) => sign * (one.version - other.version))
    return limit === null ? ordered : ordered.slice(0, limit)
  }

  /** Events of some types are found by the index where there is one, so that few partitions are looked into. */
  readAll(options: ReadAllOptions): Promise<StoredEvent[]> {
    return this.#readAll(options, EVENTS)
  }

  /** Without the metadata, where it is not at hand. */
  readFacts(options: ReadAllOptions): Promise<StoredEvent[]> {
    return this.#readAll(options, FACTS)
  }

  async #readAll(options: ReadAllOptions, form: PageForm): Promise<StoredEvent[]> {
    const { after, limit, types, upTo = Number.MAX_SAFE_INTEGER } = options
    if (types === undefined) {
      return this.#readOn(options, form, filterOf(options))
    }
    const { indexed } = await this.#layout.current()
    const found = after < indexed ? await this.#placesOf(options, Math.min(upTo, indexed)) : []
    const events = await this.readAt(found)
    const rest = { after: Math.max(after, indexed), upTo, limit: limit - found.length }
    if (rest.limit > 0) {
      events.push(...(await this.#readOn(rest, form, filterOf(options))))
    }
    return events
  }

  /** What the database does not have is looked for in the archives afterwards: there it has gone, if anywhere. */
  async readAt(positions: readonly number[]): Promise<StoredEvent[]> {
    const rows = await this.#rows(
      'read_at',
      `select ${EVENT_COLUMNS} from log.events where position = any($1::bigint[]) order by position`,
      [positions]
    )
    const events = rows.map(readRow)
    const found = new Set(events.map(({ position }) => position))
    const missing = positions.filter((position) => !found.has(position))
    if (missing.length === 0) {
      return events
    }
    const archived = await readArchived(this.#pool)
    const away = missing.filter((position) => position >= 1 && position <= archived)
    return [...(await this.#archives.readAt(away)), ...events]
  }

  async readStored(range: StoredRange): Promise<StoredEvent[]> {
    const filter: Filter = { name: 'read_stored', conditions: [], values: [], isWanted: () => true }
    return this.#readOn(range, HASHED_EVENTS, filter)
  }

  /** Where the index has events that are asked for. */
  async #placesOf(options: ReadAllOptions, upTo: number): Promise<number[]> {
    const { name, conditions, values } = filterOf(options)
    const selected = ['position > $1', 'position <= $2', ...conditions].join(' and ')
    const rows = await this.#rows(
      name,
      `select position from log.event_index where ${selected} order by position limit $3`,
      [options.after, upTo, options.limit, ...values]
    )
    return rows.map(([position]) => Number(position))
  }

  /**
   * Up to `limit` events after a position: from archives, then partition by partition. Each answer of the database says how
   * far archives go; when that is beyond where it began, some of what it should have has just been put away.
   */
  async #readOn(
    { after, limit, upTo = Number.MAX_SAFE_INTEGER }: StoredRange & { upTo?: number },
    form: PageForm,
    filter: Filter
  ): Promise<StoredEvent[]> {
    const { name, conditions, values, isWanted } = filter
    const text = form.text(['position > $1', 'position <= $2', ...conditions].join(' and '))
    const statement = name === null ? null : `${name}${form.suffix}`
    let { partitions, archived } = await this.#layout.current()
    const events: StoredEvent[] = []
    for (let from = after; from < upTo && events.length < limit;) {
      if (from < archived) {
        const end = Math.min(from + limit, archived, upTo)
        const read = await this.#archives.read(Math.max(from, 0) + 1, end)
        if (read === null) {
          ;({ partitions, archived } = await this.#layout.refresh())
          continue
        }
        events.push(...read.filter(isWanted).slice(0, limit - events.length))
        from = read.at(-1)?.position ?? end
        continue
      }
      const end = stretchEnd(partitions, from, upTo)
      const rows = await this.#rows(statement, text, [from, end, limit - events.length, ...values])
      const page = form.read(rows)
      if (page.archived > from && page.archived > archived) {
        ;({ partitions, archived } = await this.#layout.refresh())
        continue
      }
      events.push(...page.events)
      from = end
    }
    return events
  }

  async #rows(name: string | null, text: string, values: unknown[]): Promise<EventRow[]> {
    const { rows } = await this.#pool.query<EventRow>({
      ...(name === null ? {} : { name }),
      text,
      values,
      rowMode: 'array',
      types: AS_TEXT,
    })
    return rows
  }
}

function filterOf({ types, categories }: ReadAllOptions): Filter {
  const wantedTypes = types === undefined ? null : new Set<string>(types)
  const filter: Filter = {
    name: types === undefined && categories === undefined ? 'read_all' : null,
    conditions: [],
    values: [],
    isWanted: ({ type, stream }) =>
      (wantedTypes === null || wantedTypes.has(type)) &&
      (categories === undefined || categories.includes(categoryOf(stream))),
  }
  const place = (value: unknown) => `$${filter.values.push(value) + 3}`
  if (types !== undefined) {
    filter.conditions.push(`type = any(${place(types)}::text[])`)
  }
  if (categories !== undefined) {
    filter.conditions.push(`split_part(stream, '-', 1) = any(${place(categories)}::text[])`)
  }
  return filter
}

function byPosition(one: StoredEvent, other: StoredEvent): number {
  return one.position - other.position
}

const STREAM_FIELD = 1

function isWhole(row: EventRow): boolean {
  return row[STREAM_FIELD] !== null
}

const NO_HASH = Buffer.alloc(0)

function readFact(line: string): StoredEvent {
  const [position, stream, version, id, type, schemaVersion, recordedAt, data] =
    line.split(FIELD_SEPARATOR)
  return {
    position: Number(position),
    stream: stream ?? '',
    version: Number(version),
    id: id ?? '',
    type: type ?? '',
    schemaVersion: Number(schemaVersion),
    data: data ?? '',
    metadata: '',
    recordedAt: Number(recordedAt),
    hash: NO_HASH,
  }
}

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
    hash: typeof hash === 'string' ? Buffer.from(hash, 'hex') : NO_HASH,
  }
}
