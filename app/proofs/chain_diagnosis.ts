import { chainHash, type ChainEnd, type StoredEvent } from '#event_store/stored_event'
import type { LogFault } from './log_fault.ts'

/** So many events are looked at from a break on, and so many are supposed to have gone or come there. */
export const LOOKED_AT = 64

/**
 * Tells what was done to the log where its chain breaks. `last` is the last sound event, `events` those that lie after
 * it, as they are.
 */
export function diagnose(last: ChainEnd, events: readonly StoredEvent[]): LogFault {
  const [event, next] = events
  const position = last.position + 1
  if (event === undefined) {
    return { kind: 'broken', position, message: `Event ${position} cannot be read` }
  }
  if (event.position < position) {
    return {
      kind: 'inserted',
      position: event.position,
      message: `A second event lies at position ${event.position}`,
    }
  }
  if (event.position > position) {
    return removed(position, event.position - 1)
  }
  const inserted = countInserted(last, events)
  if (inserted > 0) {
    return {
      kind: 'inserted',
      position,
      message: `${spanned(position, position + inserted - 1)} put in; those after were renumbered`,
    }
  }
  if (next === undefined) {
    return changed(position)
  }
  if (follows(next, event.hash)) {
    return changed(position)
  }
  const renumberedBy = countRenumbered(event, next)
  if (renumberedBy > 0) {
    return {
      kind: 'removed',
      position,
      message: `${spanned(position, position + renumberedBy - 1)} removed; those after were renumbered`,
    }
  }
  return {
    kind: follows(next, chainHash(last.hash, event)) ? 'changed' : 'broken',
    position,
    message: follows(next, chainHash(last.hash, event))
      ? `The hash of event ${position} was changed; what it says was not`
      : `Event ${position} follows neither from the event before it, nor does the one after it follow from it: it was rewritten, or exchanged`,
  }
}

/** Events that are not there, although others or the head tell of them. */
export function removed(first: number, last: number): LogFault {
  return { kind: 'removed', position: first, message: `${spanned(first, last)} removed` }
}

function changed(position: number): LogFault {
  const before =
    position === 1 ? '' : `, or event ${position - 1} was and its hash was made to match`
  return { kind: 'changed', position, message: `Event ${position} was changed${before}` }
}

function spanned(first: number, last: number): string {
  return first === last ? `Event ${first} was` : `Events ${first} to ${last} were`
}

function follows(event: StoredEvent, previous: Buffer, position = event.position): boolean {
  return chainHash(previous, { ...event, position }).equals(event.hash)
}

/** How many events must be left out for a later one to stand where the chain breaks. */
function countInserted(last: ChainEnd, events: readonly StoredEvent[]): number {
  const at = events.findIndex((event) => follows(event, last.hash, last.position + 1))
  return Math.max(at, 0)
}

/** By how much two neighbours were moved to the front, which their hashes tell: they were made for other positions. */
function countRenumbered(event: StoredEvent, next: StoredEvent): number {
  for (let count = 1; count <= LOOKED_AT; count++) {
    if (follows(next, event.hash, next.position + count)) {
      return count
    }
  }
  return 0
}
