import type pg from 'pg'
import type { RecordedEvent } from '#event_store/port'
import type { AnyProjection, RowKey } from './projection.ts'
import { RowSet } from './row_set.ts'
import { ReadModelTable, type Client, type Place } from './table.ts'

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
 * Folds events into a read model's table in three steps, so that the database can work on one read model while the
 * next is folded: `load` the rows they touch, `run` the fold in memory, `write` the rows that changed. The steps belong
 * to one transaction, which holds the copy's checkpoint.
 *
 * An event that throws is parked with those that follow in its stream; nothing else waits for it.
 */
export class Fold {
  readonly #projection: AnyProjection
  readonly #table: ReadModelTable
  readonly #alreadyParked: ReadonlySet<string>
  readonly #touching: readonly Touching[]
  #rows: RowSet
  #statements: pg.QueryConfig[] = []
  readonly #subjects = new Set<number>()

  constructor(
    projection: AnyProjection,
    place: Place,
    events: readonly RecordedEvent[],
    alreadyParked: ReadonlySet<string>
  ) {
    this.#projection = projection
    this.#table = new ReadModelTable(projection, place)
    this.#alreadyParked = alreadyParked
    this.#touching = touchingEvents(projection, events)
    this.#rows = new RowSet(projection.table.key, [])
  }

  async load(client: Client): Promise<void> {
    const wanted = new Set<RowKey>()
    for (const { event, keys } of this.#touching) {
      if (!this.#alreadyParked.has(partitionKeyOf(event))) {
        keys.forEach((key) => wanted.add(key))
      }
    }
    if (wanted.size > 0) {
      const loaded = await this.#table.load(client, [...wanted])
      this.#rows = new RowSet(this.#projection.table.key, loaded)
    }
  }

  /** Answers the events that were refused, and those that wait behind them. */
  run(): Parked[] {
    const parked: Parked[] = []
    const blocked = new Set(this.#alreadyParked)
    for (const touching of this.#touching) {
      const { position } = touching.event
      const partitionKey = partitionKeyOf(touching.event)
      if (blocked.has(partitionKey)) {
        parked.push({ position, partitionKey, error: null })
        continue
      }
      try {
        this.#apply(touching)
      } catch (error) {
        parked.push({ position, partitionKey, error: sentenceOf(error) })
        blocked.add(partitionKey)
      }
    }
    const { written, removed, before } = this.#rows.changes()
    for (const row of [...before, ...written]) {
      const subject = this.#projection.concerns(row)
      if (subject !== null) {
        this.#subjects.add(subject)
      }
    }
    if (removed.length > 0) {
      this.#statements.push(this.#table.removal(removed))
    }
    if (written.length > 0) {
      this.#statements.push(this.#table.upsert(written))
    }
    return parked
  }

  async write(client: Client): Promise<void> {
    for (const statement of this.#statements) {
      await client.query(statement)
    }
  }

  /** Whom the rows concern that `run` has changed. */
  get subjects(): ReadonlySet<number> {
    return this.#subjects
  }

  #apply({ event, keys, failure }: Touching) {
    if (failure !== undefined) {
      throw failure
    }
    this.#rows.attempt(keys, () => this.#projection.apply(this.#rows, event))
  }
}

/** All three steps at once. */
export async function foldInto(
  client: Client,
  projection: AnyProjection,
  place: Place,
  events: readonly RecordedEvent[],
  alreadyParked: ReadonlySet<string>
): Promise<Parked[]> {
  const fold = new Fold(projection, place, events, alreadyParked)
  await fold.load(client)
  const parked = fold.run()
  await fold.write(client)
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
