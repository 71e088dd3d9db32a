import type pg from 'pg'
import { to as copyTo } from 'pg-copy-streams'
import type { StrategyArchives } from '#event_store/archive_store'
import type { StoredEvent } from '#event_store/stored_event'
import { archivedLines, tableRange } from './archived_lines.ts'
import { BinaryCopyParser } from './binary_copy.ts'
import { visitRows } from './copy_out.ts'

/** An event as the chain covers it: the bytes that are hashed, and the hash that the log keeps of them. */
export interface StoredLine {
  line: Buffer
  hash: Buffer
}

/** Events after one position and up to another, inclusive; `null` where there is no bound. At most so many. */
export interface LineRange {
  after: number | null
  upTo: number | null
  limit?: number
}

/** How `chainHash` joins the fields of an event. */
const LINE = `convert_to(concat_ws(E'\\n', position, stream, version, id, type, schema_version,
  (date_part('epoch', recorded_at) * 1000)::bigint, data, metadata), 'UTF8')`

/**
 * The log in order of position, a chunk at a time, as it lies there: first what is in archives, then what is in the database.
 * The client can be used for something else when the last chunk was taken. Nothing must be put away meanwhile.
 *
 * @throws ArchiveUnreadableError
 */
export async function* readLines(
  client: pg.ClientBase,
  range: LineRange,
  archives?: StrategyArchives
): AsyncGenerator<StoredLine[]> {
  const archived = await archivedLines(client, range, archives)
  yield* archived.chunks
  const rest = tableRange(range, archived.through)
  if (rest !== null) {
    yield* readTableLines(client, rest)
  }
}

/** What of the log is in the database: sent by COPY, so that neither side parses what is only hashed. */
export async function* readTableLines(
  client: pg.ClientBase,
  range: LineRange
): AsyncGenerator<StoredLine[]> {
  for await (const chunk of copyRows(client, queryOf(range))) {
    yield chunk.map(lineOf)
  }
}

/** The same, a line at a time as they come; each is to be used before `visit` returns (see `visitRows`). */
export async function visitLines(
  client: pg.ClientBase,
  range: LineRange,
  visit: (line: StoredLine) => void,
  archives?: StrategyArchives
): Promise<void> {
  const archived = await archivedLines(client, range, archives)
  for await (const lines of archived.chunks) {
    lines.forEach(visit)
  }
  const rest = tableRange(range, archived.through)
  if (rest !== null) {
    await visitRows(client, queryOf(rest), (fields) => visit(lineOf(fields)))
  }
}

function queryOf({ after, upTo, limit }: LineRange): string {
  const bounds = [
    ...(after === null ? [] : [`position > ${wholeNumber(after)}`]),
    ...(upTo === null ? [] : [`position <= ${wholeNumber(upTo)}`]),
  ]
  const where = bounds.length === 0 ? '' : `where ${bounds.join(' and ')}`
  const most = limit === undefined ? '' : `limit ${wholeNumber(limit)}`
  return `select ${LINE}, hash from log.events ${where} order by position ${most}`
}

function lineOf([line, hash]: readonly Buffer[]): StoredLine {
  return { line: line ?? NOTHING, hash: hash ?? NOTHING }
}

const NOTHING = Buffer.alloc(0)

/** The rows of a query, a chunk at a time, each field as PostgreSQL sends it in binary. */
export async function* copyRows(client: pg.ClientBase, query: string): AsyncGenerator<Buffer[][]> {
  const stream = client.query(copyTo(`copy (${query}) to stdout (format binary)`))
  const parser = new BinaryCopyParser()
  for await (const chunk of stream) {
    const rows = parser.push(chunk)
    if (rows.length > 0) {
      yield rows
    }
  }
}

/** A statement that is copied takes no parameters. */
function wholeNumber(value: number): string {
  if (!Number.isSafeInteger(value)) {
    throw new RangeError(`${value} is not a position`)
  }
  return String(value)
}

const LINE_FEED = 0x0a
const ZERO = 0x30
const NOT_A_DIGIT = 0xff

/** What a line says of the event's place and kind, without reading its payload. */
export interface LineHead {
  position: number
  type: string
}

/** The position is `NaN` when the line does not begin with one that an event can have. */
export function readLineHead(line: Buffer): LineHead {
  let position = 0
  let at = 0
  for (; line[at] !== LINE_FEED; at++) {
    const digit = (line[at] ?? NOT_A_DIGIT) - ZERO
    position = digit >= 0 && digit <= 9 ? position * 10 + digit : Number.NaN
    if (at >= line.length) {
      break
    }
  }
  // The stream, its version and the event's id lie between.
  for (let feeds = 0; feeds < 3 && at < line.length; feeds++) {
    at = line.indexOf(LINE_FEED, at + 1)
  }
  return { position, type: line.toString('latin1', at + 1, line.indexOf(LINE_FEED, at + 1)) }
}

/** The line taken apart. */
export function parseLine({ line, hash }: StoredLine): StoredEvent {
  return { ...parseText(line.toString('utf8')), hash }
}

/** A line as text taken apart. */
export function parseText(text: string): Omit<StoredEvent, 'hash'> {
  const [position, stream, version, id, type, schemaVersion, recordedAt, data, metadata] =
    text.split('\n')
  return {
    position: Number(position),
    stream: stream ?? '',
    version: Number(version),
    id: id ?? '',
    type: type ?? '',
    schemaVersion: Number(schemaVersion),
    recordedAt: Number(recordedAt),
    data: data ?? '',
    metadata: metadata ?? '',
  }
}
