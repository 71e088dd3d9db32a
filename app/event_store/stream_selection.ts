import type { ReadStreamOptions } from './port.ts'
import type { StoredEvent } from './stored_event.ts'

/** The part of a stream that the options name, in the order they ask for. */
export function streamReader(
  events: readonly StoredEvent[],
  options: ReadStreamOptions
): StoredEvent[] {
  const { from = 1, to = Infinity, backwards = false, limit = Infinity, asOf } = options
  const until = typeof asOf === 'string' ? Date.parse(asOf) : Infinity
  const upToPosition = typeof asOf === 'number' ? asOf : Infinity
  const selected = events.filter(
    ({ version, recordedAt, position }) =>
      version >= from && version <= to && recordedAt <= until && position <= upToPosition
  )
  return (backwards ? selected.reverse() : selected).slice(0, limit)
}
