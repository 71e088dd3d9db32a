import type { RecordedEvent } from '#event_store/port'
import type { AnyProjection, RowKey } from './projection.ts'
import { RowSet } from './row_set.ts'
import type { Client, ReadModelTable } from './table.ts'

/** An event that a projection could not digest, or that waits behind one of its stream (`error` is then null). */
export interface Parked {
  position: number
  partitionKey: string
  error: string | null
}

interface Touching {
  event: RecordedEvent
  keys: readonly RowKey[]
  /** Why the event's rows could not even be named. */
  failure?: unknown
}

/** Why an event was refused, as it is shown. */
export function sentenceOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}`.slice(0, 2_000) : String(error)
}

/** Events are parked and retried in order by stream. */
export function partitionKeyOf(event: RecordedEvent): string {
  return event.stream
}

/**
 * Folds events into a read model's table and writes the changed rows set-wise, in the caller's transaction.
 * An event that throws is parked with those that follow in its stream; nothing else waits for it.
 */
export async function foldInto(
  client: Client,
  projection: AnyProjection,
  table: ReadModelTable,
  events: readonly RecordedEvent[],
  alreadyParked: ReadonlySet<string>
): Promise<Parked[]> {
  const touching = touchingEvents(projection, events)
  const wanted = new Set<RowKey>()
  for (const { event, keys } of touching) {
    if (!alreadyParked.has(partitionKeyOf(event))) {
      keys.forEach((key) => wanted.add(key))
    }
  }
  const loaded = wanted.size === 0 ? [] : await table.load(client, [...wanted])
  const rows = new RowSet(projection.table.key, loaded)
  const parked = foldRows(projection, rows, touching, alreadyParked)

  const { written, removed } = rows.changes()
  if (removed.length > 0) {
    await table.remove(client, removed)
  }
  if (written.length > 0) {
    await table.write(client, written)
  }
  return parked
}

function touchingEvents(projection: AnyProjection, events: readonly RecordedEvent[]): Touching[] {
  const touching: Touching[] = []
  for (const event of events) {
    try {
      const keys = projection.keys(event)
      if (keys.length > 0) {
        touching.push({ event, keys })
      }
    } catch (failure) {
      touching.push({ event, keys: [], failure })
    }
  }
  return touching
}

function foldRows(
  projection: AnyProjection,
  rows: RowSet,
  touching: readonly Touching[],
  alreadyParked: ReadonlySet<string>
): Parked[] {
  const parked: Parked[] = []
  const blocked = new Set(alreadyParked)
  for (const { event, keys, failure } of touching) {
    const { position } = event
    const partitionKey = partitionKeyOf(event)
    if (blocked.has(partitionKey)) {
      parked.push({ position, partitionKey, error: null })
      continue
    }
    try {
      if (failure !== undefined) {
        throw failure
      }
      rows.attempt(keys, () => projection.apply(rows, event))
    } catch (error) {
      parked.push({ position, partitionKey, error: sentenceOf(error) })
      blocked.add(partitionKey)
    }
  }
  return parked
}
