import { tell, type Told } from '#domain/audit/tell'
import type { EventStore, RecordedEvent } from '#event_store/port'
import type { AuditEntryView } from '#read_models/audit_queries'

/** An entry with what its event tells; a forgotten person's data is `null` in it. */
export interface AuditStory extends AuditEntryView, Told {
  ip: string | null
  userAgent: string | null
}

/** Tells a page of entries with one reading of the log. */
export async function tellEntries(
  entries: readonly AuditEntryView[],
  eventStore: Pick<EventStore, 'readAt'>
): Promise<AuditStory[]> {
  const positions = new Set(entries.flatMap(({ position, earlier }) => [position, ...earlier]))
  const read = await eventStore.readAt([...positions])
  const events = new Map(read.map((event) => [event.position, event]))
  return entries.map((entry) => {
    const event = eventAt(events, entry.position)
    const earlier = entry.earlier.map((position) => eventAt(events, position))
    const { ip, user_agent: userAgent } = event.metadata
    return { ...entry, ...tell(event, earlier), ip, userAgent }
  })
}

function eventAt(events: ReadonlyMap<number, RecordedEvent>, position: number): RecordedEvent {
  const event = events.get(position)
  if (event === undefined) {
    throw new Error(`The audit log names position ${position}, which the event log does not have`)
  }
  return event
}
