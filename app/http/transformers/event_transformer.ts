import { accountBehind } from '#domain/audit/actor'
import { sentence } from '#domain/audit/words'
import type { RecordedEvent } from '#event_store/port'
import type { History, HistoryEntry } from '#http/history'
import type { PersonView } from '#read_models/person_queries'

/** Whoever reads: an administrator sees everyone who acted; others see themselves, and that somebody else did. */
export interface EventReader {
  accountId: number
  seesEveryone: boolean
}

type People = ReadonlyMap<number, PersonView>

/** An event in words and as data. `people` holds the accounts that acted, as they are now. */
export function transformEvent(event: RecordedEvent, people: People, reader: EventReader) {
  const { metadata } = event
  const behind = accountBehind(event)
  const isShown = reader.seesEveryone || behind === reader.accountId
  const userId = isShown ? behind : null
  const person = userId === null ? undefined : people.get(userId)
  // Whoever signs in is a visitor to the log until then.
  const kind =
    metadata.actor.kind === 'anonymous' && behind !== null ? 'account' : metadata.actor.kind
  return {
    position: event.position,
    id: event.id,
    stream: event.stream,
    version: event.version,
    type: event.type,
    summary: sentence({ kind, userId, name: person?.name ?? null }, event.type),
    actor: {
      kind,
      user_id: userId,
      name: person?.name ?? null,
      email: person?.email ?? null,
    },
    ip: isShown ? metadata.ip : null,
    user_agent: isShown ? metadata.user_agent : null,
    source: metadata.source,
    correlation_id: metadata.correlation_id,
    causation_id: metadata.causation_id,
    data: event.data,
    recorded_at: event.recordedAt,
  }
}

function transformEntry({ event, name, details }: HistoryEntry, people: People, to: EventReader) {
  return { ...transformEvent(event, people, to), name, changes: details }
}

export function transformHistory(
  history: History,
  asOf: string | number | null,
  people: People,
  reader: EventReader
) {
  return {
    stream: history.stream,
    as_of: asOf === null ? null : String(asOf),
    version: history.version,
    state: history.state === null ? null : snakeCaseKeys(history.state),
    items: history.entries.map((entry) => transformEntry(entry, people, reader)),
    next_cursor: history.nextBefore === null ? null : String(history.nextBefore),
  }
}

/** A state as the API names things. What is in it as data of its own, such as settings, has its names already. */
function snakeCaseKeys(state: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(state).map(([name, value]: [string, unknown]) => [
      name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
      Array.isArray(value) ? value.map(snakeCaseItem) : value,
    ])
  )
}

function snakeCaseItem(item: unknown): unknown {
  return typeof item === 'object' && item !== null ? snakeCaseKeys(item) : item
}
