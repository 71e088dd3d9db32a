import { setImmediate as turn } from 'node:timers/promises'
import type { RecordedFact } from '#event_store/port'
import { Fold, type Parked } from './fold.ts'
import type { PageReader } from './page_reader.ts'
import type { AnyProjection } from './projection.ts'
import { ReadModelTable, type Client, type Place } from './table.ts'
import { UnwrittenRows } from './unwritten_rows.ts'

export interface FillOptions {
  client: Client
  pages: PageReader
  projections: readonly AnyProjection[]
  /** Where their tables lie, which are empty, and which nobody else writes to. */
  place: Place
  upTo: number
  /** Events a page. */
  batchSize?: number
  /** Rows that are kept in memory of each. */
  mostRows?: number
  /** Whether an event is to be folded by a projection. */
  isWanted?: (event: RecordedFact, projection: AnyProjection) => boolean
  progress?: (position: number) => void
}

export interface Filled {
  /** How many events were read. */
  events: number
  /** What could not be folded, by projection; the table has nothing of it. */
  parked: ReadonlyMap<string, Parked[]>
}

const BATCH = 500

/**
 * Fills new tables from the start of the log, all in one reading of it. Nothing is committed along the way but rows: the
 * tables are of use to nobody before the end.
 *
 * @throws pg.DatabaseError when the database refuses a row; which event it comes from is then not known
 */
export async function fillTables(options: FillOptions): Promise<Filled> {
  const { client, pages, place, upTo, batchSize = BATCH, isWanted, progress } = options
  const fillings = options.projections.map((projection) => ({
    projection,
    rows: new UnwrittenRows(client, new ReadModelTable(projection, place), options.mostRows),
    parked: [] as Parked[],
    blocked: new Set<string>(),
  }))
  let count = 0
  for (let from = 0; from < upTo;) {
    const page = await pages.take(from, batchSize, upTo)
    const through = page.at(-1)?.position ?? upTo
    if (through < upTo) {
      pages.readAhead(through, batchSize, upTo)
    }
    // Folding may wait for nothing, so that the next page would be asked for only after it.
    await turn()
    for (const { projection, rows, parked, blocked } of fillings) {
      const events =
        isWanted === undefined ? page : page.filter((event) => isWanted(event, projection))
      const fold = new Fold(projection, place, events, blocked)
      await fold.loadFrom(rows)
      for (const refused of fold.run()) {
        parked.push(refused)
        blocked.add(refused.partitionKey)
      }
      await rows.take(fold.changes)
    }
    count += page.length
    from = through
    progress?.(from)
  }
  for (const { rows } of fillings) {
    await rows.flush()
  }
  return {
    events: count,
    parked: new Map(fillings.map(({ projection, parked }) => [projection.name, parked])),
  }
}
