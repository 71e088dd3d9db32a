import { factsSettled, factsWanted, type Placed } from './tell.ts'

export interface PlacedVersion {
  version: number
}

/**
 * For each event of one stream, the latest earlier events that settled what it wants to know. `history` holds the events
 * of that stream that settle something; both are in order of version.
 */
export function settledEarlier<Event extends Placed & PlacedVersion>(
  asked: readonly Event[],
  history: readonly Event[]
): Map<Event, Event[]> {
  const settledBy = new Map<string, Event>()
  const found = new Map<Event, Event[]>()
  let next = 0
  for (const event of asked) {
    for (let past = history[next]; past && past.version < event.version; past = history[++next]) {
      const settler = past
      Object.keys(factsSettled(settler)).forEach((fact) => settledBy.set(fact, settler))
    }
    const settlers = factsWanted(event).flatMap((fact) => settledBy.get(fact) ?? [])
    found.set(
      event,
      [...new Set(settlers)].toSorted((one, other) => one.position - other.position)
    )
  }
  return found
}
