import type pg from 'pg'
import type { RecordedFact } from '#event_store/port'
import type { AnyProjection, Row, RowKey } from './projection.ts'
import { RowSet, type Changes } from './row_set.ts'
import { ReadModelTable, type Client, type Place } from './table.ts'

/** An event that a projection could not digest, or that waits behind one of its stream (`error` is then null). */
export interface Parked {
  position: number
  partitionKey: string
  error: string | null
}

interface Touching {
  event: RecordedFact
  keys: readonly RowKey[]
  /** Why the event's rows could not even be named. */
  failure?: unknown
}

/** Whoever has the rows that events touch. */
export interface RowSource {
  /** The rows of these keys that there are. */
  load(keys: ReadonlySet<RowKey>): Promise<Array<[RowKey, Row]>>
}

/** Why an event was refused, as it is shown. */
export function sentenceOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}`.slice(0, 2_000) : String(error)
}

/** Events are parked and retried in order by stream. */
export function partitionKeyOf(event: RecordedFact): string {
  return event.stream
}

/**
 * Folds events into a read model's table step by step, so that the database can work on one read model while the next is
 * folded: `load` the rows they touch, `run` the fold in memory, `encode` the rows that changed and `write` them. The steps
 * belong to one transaction, which holds the copy's checkpoint.
 *
 * An event that throws is parked with those that follow in its stream; nothing else waits for it.
 */
export class Fold {
  readonly #projection: AnyProjection
  readonly #table: ReadModelTable
  readonly #alreadyParked: ReadonlySet<string>
  readonly #touching: readonly Touching[]
  #rows: RowSet
  #changes: Changes = { written: [], removed: [], before: [] }
  #statements: pg.QueryConfig[] = []

  constructor(
    projection: AnyProjection,
    place: Place,
    events: readonly RecordedFact[],
    alreadyParked: ReadonlySet<string>
  ) {
    this.#projection = projection
    this.#table = new ReadModelTable(projection, place)
    this.#alreadyParked = alreadyParked
    this.#touching = touchingEvents(projection, events)
    this.#rows = new RowSet(projection.table.key, [])
  }

  load(client: Client): Promise<void> {
    return this.loadFrom({ load: (keys) => this.#table.load(client, [...keys]) })
  }

  async loadFrom(source: RowSource): Promise<void> {
    const wanted = new Set<RowKey>()
    for (const { event, keys } of this.#touching) {
      if (!this.#alreadyParked.has(partitionKeyOf(event))) {
        keys.forEach((key) => wanted.add(key))
      }
    }
    if (wanted.size > 0) {
      this.#rows = new RowSet(this.#projection.table.key, await source.load(wanted))
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
    this.#changes = this.#rows.changes()
    return parked
  }

  /** What `run` has changed. */
  get changes(): Changes {
    return this.#changes
  }

  encode(): void {
    const { written, removed } = this.#changes
    this.#statements = [
      ...(removed.length > 0 ? [this.#table.removal(removed)] : []),
      ...(written.length > 0 ? [this.#table.upsert(written)] : []),
    ]
  }

  async write(client: Client): Promise<void> {
    for (const statement of this.#statements) {
      await client.query(statement)
    }
  }

  /** Whom the rows concern that `run` has changed. */
  get subjects(): ReadonlySet<number> {
    const { written, before } = this.#changes
    const concerned = [...before, ...written].map((row) => this.#projection.concerns(row))
    return new Set(concerned.filter((subject) => subject !== null))
  }

  #apply({ event, keys, failure }: Touching) {
    if (failure !== undefined) {
      throw failure
    }
    this.#rows.attempt(keys, () => this.#projection.apply(this.#rows, event))
  }
}

/** All steps at once. */
export async function foldInto(
  client: Client,
  projection: AnyProjection,
  place: Place,
  events: readonly RecordedFact[],
  alreadyParked: ReadonlySet<string>
): Promise<Parked[]> {
  const fold = new Fold(projection, place, events, alreadyParked)
  await fold.load(client)
  const parked = fold.run()
  fold.encode()
  await fold.write(client)
  return parked
}

function touchingEvents(projection: AnyProjection, events: readonly RecordedFact[]): Touching[] {
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
