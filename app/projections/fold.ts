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

interface Keyed {
  event: RecordedEvent
  keys: readonly RowKey[]
}

function sentenceOf(error: unknown): string {
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
  const parked: Parked[] = []
  const blocked = new Set(alreadyParked)
  const park = (event: RecordedEvent, error: unknown) => {
    const partitionKey = partitionKeyOf(event)
    parked.push({
      position: event.position,
      partitionKey,
      error: blocked.has(partitionKey) ? null : sentenceOf(error),
    })
    blocked.add(partitionKey)
  }

  const touching: Keyed[] = []
  const wanted = new Set<RowKey>()
  for (const event of events) {
    try {
      const keys = projection.keys(event)
      if (keys.length > 0) {
        touching.push({ event, keys })
      }
    } catch (error) {
      park(event, error)
    }
  }
  if (touching.length === 0) {
    return parked
  }
  for (const { event, keys } of touching) {
    if (!blocked.has(partitionKeyOf(event))) {
      keys.forEach((key) => wanted.add(key))
    }
  }

  const loaded = wanted.size === 0 ? [] : await table.load(client, [...wanted])
  const rows = new RowSet(projection.table.key, loaded)
  for (const { event } of touching) {
    if (blocked.has(partitionKeyOf(event))) {
      park(event, null)
      continue
    }
    try {
      rows.attempt(() => projection.apply(rows, event))
    } catch (error) {
      park(event, error)
    }
  }

  const { written, removed } = rows.changes()
  if (removed.length > 0) {
    await table.remove(client, removed)
  }
  if (written.length > 0) {
    await table.write(client, written)
  }
  return parked
}
