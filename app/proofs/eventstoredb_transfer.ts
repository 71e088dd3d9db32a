import type pg from 'pg'
import { withClient } from '#event_store/with_client'
import type { StrategyArchives } from '#event_store/archive_store'
import type { EventCodec } from '#event_store/event_codec'
import { LogElsewhereError } from '#event_store/eventstoredb_client'
import type { EventStoreDbConnection } from '#event_store/eventstoredb_connection'
import {
  START,
  type CopiedEvent,
  type OutgoingAppend,
  type Place,
} from '#event_store/eventstoredb_envelope'
import type { StoredEvent } from '#event_store/stored_event'
import { ProofError } from './errors.ts'
import { guardChanges, isGuarded } from './guard_changes.ts'
import { advanceIds, noteId } from './import_log.ts'
import { readHead } from './log_head.ts'
import { parseLine, readLines } from './stored_lines.ts'

const PAGE = 1_000
/** More than the largest append. */
const CHUNK = 11_000

export interface TransferOptions {
  connectionString: string
  connection: EventStoreDbConnection
  codec: Pick<EventCodec, 'decode' | 'encodeClaim'>
  namespace: string
  archives?: StrategyArchives
  /** Brings the copy up to what EventStoreDB has. */
  catchUp: () => Promise<void>
  progress?: (done: number, total: number) => void
}

export interface Transferred {
  /** Events written by this run. */
  written: number
  /** Events that both logs have, all compared. */
  position: number
}

interface Compared {
  position: number
  place: Place
}

/**
 * Brings the log of PostgreSQL to EventStoreDB and leaves its ordered copy where it is, so that positions, hashes and read
 * models go on. What is there already is compared, so that a run that was broken off is simply repeated; at the end all of it
 * has been read back. What EventStoreDB has beyond, as after a restored backup, is copied. The site must not run.
 *
 * @throws ProofError when EventStoreDB holds another log
 */
export async function bringToEventStoreDb(options: TransferOptions): Promise<Transferred> {
  return withClient({ connectionString: options.connectionString }, async (client) => {
    if ((await namespaceOf(client)) !== null) {
      throw new ProofError('E_LOG_CONTINUES_ELSEWHERE', 'The log is in EventStoreDB already')
    }
    const head = await readHead(client)
    const start = { position: 0, place: START }
    const there = await compare(client, options, start, head.position)
    let done = there.position
    for await (const appends of missingAppends(client, options, there.position, head.position)) {
      for (const { append, recordedAt } of appends) {
        const conflict = await options.connection.append(append, { recordedAt })
        if (conflict !== null) {
          throw new ProofError(
            'E_LOG_CONTINUES_ELSEWHERE',
            `EventStoreDB has another stream "${append.stream}"`
          )
        }
        done += append.events.length
      }
      options.progress?.(done, head.position)
    }
    const { position, place } = await compare(client, options, there, head.position)
    if (position !== head.position || (await readHead(client)).position !== head.position) {
      throw new ProofError('E_LOG_CONTINUES_ELSEWHERE', 'The site wrote to the log meanwhile')
    }
    await client.query('select log.attach_eventstoredb($1, $2, $3)', [
      options.namespace,
      place.commit,
      place.prepare,
    ])
    await options.catchUp()
    await advanceIdsAfter(client, position)
    return { written: position - there.position, position: (await readHead(client)).position }
  })
}

/**
 * Compares the copy with EventStoreDB, event by event, and makes it the log. The site must not run.
 *
 * @throws ProofError when they differ
 */
export async function bringToPostgres(options: TransferOptions): Promise<number> {
  const position = await compareWithEventStoreDb(options)
  await withClient({ connectionString: options.connectionString }, async (client) => {
    await client.query('select log.detach_eventstoredb()')
  })
  return position
}

/**
 * Compares the copy with EventStoreDB, event by event; answers how many both have.
 *
 * @throws ProofError when they differ
 */
export async function compareWithEventStoreDb(options: TransferOptions): Promise<number> {
  return withClient({ connectionString: options.connectionString }, async (client) => {
    if ((await namespaceOf(client)) !== options.namespace) {
      throw new LogElsewhereError('The log is in PostgreSQL already')
    }
    await options.catchUp()
    const head = await readHead(client)
    const start = { position: 0, place: START }
    const { position } = await compare(client, options, start, head.position)
    if (position !== head.position) {
      throw new ProofError(
        'E_LOG_NOT_SOUND',
        `PostgreSQL has ${head.position} events and EventStoreDB ${position}`
      )
    }
    return position
  })
}

async function namespaceOf(client: pg.Client): Promise<string | null> {
  const { rows } = await client.query<{ namespace: string }>(
    'select namespace from log.eventstoredb'
  )
  return rows[0]?.namespace ?? null
}

/** Reads EventStoreDB on from a point, and compares each event with the one at its position here. */
async function compare(
  client: pg.Client,
  { connection, archives, progress }: TransferOptions,
  from: Compared,
  upTo: number
): Promise<Compared> {
  let { position, place } = from
  for (let more = true; more && position < upTo;) {
    const page = await connection.readAfter(place, PAGE)
    const ours = await storedAfter(client, position, page.events.length, archives)
    for (const [index, event] of page.events.slice(0, upTo - position).entries()) {
      const own = ours[index]
      if (own === undefined || !isSame(own, event)) {
        throw new ProofError(
          'E_LOG_CONTINUES_ELSEWHERE',
          `EventStoreDB has another event than PostgreSQL at position ${position + index + 1}`
        )
      }
      place = { commit: event.commit, prepare: event.prepare }
    }
    const compared = Math.min(page.events.length, upTo - position)
    position += compared
    progress?.(position, upTo)
    more = page.more
    if (compared === page.events.length) {
      place = page.through
    }
  }
  return { position, place }
}

function isSame(own: StoredEvent, event: CopiedEvent): boolean {
  return (
    own.id === event.id &&
    own.stream === event.stream &&
    own.version === event.version &&
    own.type === event.type &&
    own.schemaVersion === event.schemaVersion &&
    own.data === event.data &&
    own.metadata === event.metadata
  )
}

async function storedAfter(
  client: pg.Client,
  after: number,
  count: number,
  archives: StrategyArchives | undefined
): Promise<StoredEvent[]> {
  const events: StoredEvent[] = []
  for await (const lines of readLines(client, { after, upTo: after + count }, archives)) {
    events.push(...lines.map(parseLine))
  }
  return events
}

/** Ids are drawn from sequences: what is made next must not take one that the log has. */
async function advanceIdsAfter(client: pg.Client, position: number): Promise<void> {
  const highest = new Map<string, number>()
  for await (const lines of readLines(client, { after: position, upTo: null })) {
    lines.map(parseLine).forEach((event) => noteId(highest, event))
  }
  await advanceIds(client, highest)
}

interface MissingAppend {
  append: OutgoingAppend
  recordedAt: number
}

/** What is to be appended, in order: the events of a command together, all others one by one. */
async function* missingAppends(
  client: pg.Client,
  { codec, archives }: TransferOptions,
  after: number,
  upTo: number
): AsyncGenerator<MissingAppend[]> {
  for (let position = after; position < upTo;) {
    const events = await storedAfter(client, position, Math.min(CHUNK, upTo - position), archives)
    const guarded = await guardChanges(
      codec,
      events.filter(({ type }) => isGuarded(type))
    )
    const changes = new Map(guarded.map((change) => [change.position, change]))
    const { rows } = await client.query<{
      id: string
      fingerprint: string
      first: string
      last: string
    }>(
      `select id, fingerprint, first_position as first, last_position as last from log.commands
       where first_position > $1 and first_position <= $2`,
      [position, position + events.length]
    )
    const commands = new Map(rows.map((row) => [Number(row.first), row]))
    const appends: MissingAppend[] = []
    for (let index = 0; index < events.length;) {
      const first = events[index]
      const command = commands.get(position + index + 1)
      const size = command === undefined ? 1 : Number(command.last) - Number(command.first) + 1
      const together = events.slice(index, index + size)
      if (first === undefined || (together.length < size && position + events.length < upTo)) {
        break
      }
      const guards = together.flatMap((event) => changes.get(event.position) ?? [])
      appends.push({
        recordedAt: first.recordedAt,
        append: {
          stream: first.stream,
          expectedVersion: first.version - 1,
          events: together.map(({ id, type, schemaVersion, data }) => ({
            id,
            type,
            schemaVersion,
            data,
          })),
          metadata: first.metadata,
          command:
            command === undefined ? null : { id: command.id, fingerprint: command.fingerprint },
          claims: guards.flatMap(({ claims }) => claims),
          budgets: guards.flatMap(({ budgets }) =>
            budgets.map((budget) => ({ ...budget, limit: null }))
          ),
        },
      })
      index += size
    }
    const taken = appends.reduce((sum, { append }) => sum + append.events.length, 0)
    position += taken
    yield appends
  }
}
