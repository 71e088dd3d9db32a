import { accountBehind } from '#domain/audit/actor'
import type { RecordedEvent } from '#event_store/port'
import { findPeople, type PersonView } from '#read_models/person_queries'

/** The accounts that acted in these events, as they are now. */
export function peopleBehind(
  events: readonly RecordedEvent[]
): Promise<ReadonlyMap<number, PersonView>> {
  return findPeople(events.map(accountBehind).filter((accountId) => accountId !== null))
}
