import type { ReadStreamOptions } from './port.ts'
import type { StoredEvent } from './stored_event.ts'

/** The part of a stream that the options name, in the order they ask for. */
export function streamReader(
  events: readonly StoredEvent[],
  options: ReadStreamOptions
): StoredEvent[] {
  const { from = 1, to = Infinity, backwards = false, limit = Infinity, asOf } = options
  const types = options.types === undefined ? null : new Set<string>(options.types)
  const until = typeof asOf === 'string' ? Date.parse(asOf) : Infinity
  const upToPosition = typeof asOf === 'number' ? asOf : Infinity
  const selected = events.filter(
    ({ version, recordedAt, position, type }) =>
      version >= from &&
      version <= to &&
      recordedAt <= until &&
      position <= upToPosition &&
      (types === null || types.has(type))
  )
  return (backwards ? selected.reverse() : selected).slice(0, limit)
}
