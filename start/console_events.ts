import { accountBehind } from '#domain/audit/actor'
import type { RecordedEvent } from '#event_store/port'
import { transformEvent, type EventReader } from '#http/transformers/event_transformer'
import { findPeople, type PersonView } from '#read_models/person_queries'

/** Whoever has a shell on the server sees everyone. */
export const CONSOLE_READER: EventReader = { accountId: 0, seesEveryone: true }

/** The accounts that acted, as they are now. */
export function peopleBehind(
  events: readonly RecordedEvent[]
): Promise<ReadonlyMap<number, PersonView>> {
  return findPeople(events.map(accountBehind).filter((accountId) => accountId !== null))
}

/** Events as the API tells them. */
export async function tellEvents(events: readonly RecordedEvent[]) {
  const people = await peopleBehind(events)
  return events.map((event) => transformEvent(event, people, CONSOLE_READER))
}

export type ToldEvent = ReturnType<typeof transformEvent>

/** One line of an event: its place, when, of what, and what happened. */
export function eventLine({ position, recorded_at: at, stream, summary, actor, ip }: ToldEvent) {
  const who = actor.email === null ? '' : ` <${actor.email}>`
  const where = ip === null ? '' : ` from ${ip}`
  return `#${position}  ${at}  ${stream}  ${summary}${who}${where}`
}
