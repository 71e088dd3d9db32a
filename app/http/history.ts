import { stateAfter } from '#domain/aggregates'
import { settledEarlier } from '#domain/audit/earlier'
import { tell, TELLING_TYPES, type Told } from '#domain/audit/tell'
import type { EventStore, RecordedEvent } from '#event_store/port'

/** What of a stream's history is asked for. */
export interface HistoryRequest {
  /** The last moment (RFC 3339) or position that counts. */
  asOf: string | number | null
  /** Events before this version, of those that count. */
  before: number | null
  size: number
}

/** An event, and what it changed. */
export interface HistoryEntry extends Told {
  event: RecordedEvent
}

export interface History {
  stream: string
  /** The version at the moment that was asked for; 0 before there was anything. */
  version: number
  /** What the events come to then. */
  state: object | null
  /** Newest first. */
  entries: HistoryEntry[]
  /** There are older ones before this version. */
  nextBefore: number | null
}

const TELLING: ReadonlySet<string> = new Set(TELLING_TYPES)

/** What happened in a stream, and what that came to. */
export async function readHistory(
  eventStore: Pick<EventStore, 'readStream'>,
  stream: string,
  { asOf, before, size }: HistoryRequest
): Promise<History> {
  const events = await eventStore.readStream(stream, asOf === null ? {} : { asOf })
  const end = Math.min(events.length, (before ?? Number.POSITIVE_INFINITY) - 1)
  const start = Math.max(0, end - size)
  const page = events.slice(start, end)
  const earlier = settledEarlier(
    page,
    events.filter(({ type }) => TELLING.has(type))
  )
  return {
    stream,
    version: events.length,
    state: stateAfter(stream, events),
    entries: page
      .map((event) => ({ event, ...tell(event, earlier.get(event) ?? []) }))
      .toReversed(),
    nextBefore: start > 0 ? start + 1 : null,
  }
}
