import type pg from 'pg'
import { withClient } from '#event_store/with_client'
import { categoryOf } from '#domain/streams'
import type { EventCodec } from '#event_store/event_codec'
import { subjectIn } from '#event_store/personal_data'
import { chainHash, type ChainEnd, type StoredEvent } from '#event_store/stored_event'
import { ProofError } from './errors.ts'
import { importEvent } from './exported_event.ts'
import { guardChanges, isGuarded } from './guard_changes.ts'
import { readHead } from './log_head.ts'
import { writeEvents } from './write_events.ts'

const BATCH = 1_000

export interface ImportOptions {
  connectionString: string
  codec: Pick<EventCodec, 'decode' | 'encodeClaim'>
  /** Lines that `exportLog` has written. */
  lines: AsyncIterable<string>
  /** Go on although the keys of some people are not here, whose data is then forgotten. */
  withoutKeys?: boolean
  progress?: (done: number) => void
}

export interface Imported {
  written: number
  /** Events that were there already. */
  skipped: number
  position: number
}

/**
 * Brings events into a log that is empty or ends where they go on, with the claims and budgets that follow from them; the
 * chain is checked on the way. What is in the log already must be the same. Each batch is one transaction: an import that
 * was broken off is simply repeated.
 *
 * @throws ProofError when the lines do not continue this log, or are not whole
 */
export async function importLog(options: ImportOptions): Promise<Imported> {
  const highestIds = new Map<string, number>()
  return withClient({ connectionString: options.connectionString }, async (client) => {
    const head = await readHead(client)
    let last: ChainEnd = head
    let skipped = 0
    let batch: StoredEvent[] = []
    const flush = async () => {
      last = await importBatch(client, options, last, batch)
      batch = []
      options.progress?.(last.position - head.position)
    }
    for await (const line of options.lines) {
      const event = importEvent(line)
      if (event.position <= head.position) {
        requireSame(event, head)
        skipped += 1
        continue
      }
      noteId(highestIds, event)
      batch.push(event)
      if (batch.length === BATCH) {
        await flush()
      }
    }
    await flush()
    await advanceIds(client, highestIds)
    return { written: last.position - head.position, skipped, position: last.position }
  })
}

async function importBatch(
  client: pg.Client,
  { codec, withoutKeys = false }: ImportOptions,
  last: ChainEnd,
  events: readonly StoredEvent[]
): Promise<ChainEnd> {
  const end = followChain(last, events)
  if (events.length === 0) {
    return end
  }
  if (!withoutKeys) {
    await requireKeys(client, events)
  }
  const changes = await guardChanges(
    codec,
    events.filter(({ type }) => isGuarded(type))
  )
  await writeEvents(client, last, events, changes)
  return end
}

/** Only the last event that both have can be compared: its hash covers all before it. */
function requireSame(event: StoredEvent, head: ChainEnd): void {
  if (event.position === head.position && !event.hash.equals(head.hash)) {
    throw new ProofError(
      'E_LOG_CONTINUES_ELSEWHERE',
      `This log is another one: its event ${event.position} is not the one in the file`
    )
  }
}

function followChain(last: ChainEnd, events: readonly StoredEvent[]): ChainEnd {
  return events.reduce<ChainEnd>((previous, event) => {
    const position = previous.position + 1
    if (event.position !== position) {
      throw new ProofError(
        'E_LOG_CONTINUES_ELSEWHERE',
        `Event ${position} must come next, and the file goes on with event ${event.position}`
      )
    }
    const hash = chainHash(previous.hash, event)
    if (!hash.equals(event.hash)) {
      throw new ProofError(
        'E_LOG_NOT_SOUND',
        `Event ${position} of the file does not follow from the one before it`
      )
    }
    return { position, hash }
  }, last)
}

/** Without a person's key their address cannot be claimed, and whatever says something of them reads as forgotten. */
async function requireKeys(client: pg.Client, events: readonly StoredEvent[]): Promise<void> {
  const subjects = new Set(
    events.flatMap(({ data, metadata }) =>
      [subjectIn(data), subjectIn(metadata)].filter((subject) => subject !== null)
    )
  )
  const { rows } = await client.query<{ missing: number }>(
    `select count(*)::integer as missing from unnest($1::text[]) as s(subject)
     where not exists (select 1 from secrets.personal_keys k where k.subject = s.subject)`,
    [[...subjects]]
  )
  if ((rows[0]?.missing ?? 0) > 0) {
    throw new ProofError(
      'E_KEYS_MISSING',
      'The keys of people in the file are not here: restore secrets.personal_keys first, or import --without-keys and have them forgotten'
    )
  }
}

/** Keeps the highest id of each kind. */
export function noteId(highest: Map<string, number>, { stream }: StoredEvent): void {
  const category = categoryOf(stream)
  const id = Number(stream.slice(category.length + 1))
  if (Number.isSafeInteger(id) && id > (highest.get(category) ?? 0)) {
    highest.set(category, id)
  }
}

/** Ids are drawn from sequences: what is made next must not take one that the log has. */
export async function advanceIds(
  client: pg.Client,
  highest: ReadonlyMap<string, number>
): Promise<void> {
  for (const [category, id] of highest) {
    await client.query(
      `select setval(s.oid::regclass, greatest($2::bigint, nextval(s.oid::regclass)))
       from pg_class s where s.oid = to_regclass($1) and s.relkind = 'S'`,
      [`log.${category}_ids`, id]
    )
  }
}
