import { withClient } from '#event_store/with_client'
import type { EventStore } from '#event_store/port'
import { readCheckpoints } from './checkpoints.ts'
import { fillTables } from './fill.ts'
import type { Parked } from './fold.ts'
import { PageReader } from './page_reader.ts'
import type { AnyProjection } from './projection.ts'
import { copySession } from './session.ts'
import { ReadModelTable, type Client, type TableDifference } from './table.ts'
import { inTransaction } from './transaction.ts'

const SAMPLE_ROWS = 10

export interface VerifyOptions {
  connectionString: string
  eventStore: EventStore
  projections: readonly AnyProjection[]
  progress?: (position: number, head: number) => void
}

export interface Verification {
  projection: string
  /** Where the live copy stands. */
  position: number
  difference: TableDifference
  /** Events that the live copy took in and that could not be folded now. */
  refused: Parked[]
}

/**
 * Folds the log into temporary copies, all in one reading of it, each up to where the live one stands, and compares every
 * row. The live ones are seen in one snapshot and go on meanwhile; what they have parked is left out of both.
 */
export async function verify(options: VerifyOptions): Promise<Verification[]> {
  return withClient(copySession(options.connectionString), async (client) => {
    return await inTransaction(client, async () => {
      await client.query('set transaction isolation level repeatable read')
      return compareWithLog(client, options)
    })
  })
}

async function compareWithLog(client: Client, options: VerifyOptions): Promise<Verification[]> {
  const { eventStore, projections, progress } = options
  const checkpoints = await readCheckpoints(client, 'live')
  const positions = new Map(checkpoints.map((one) => [one.projection, one.position]))
  const positionOf = ({ name }: AnyProjection) => positions.get(name) ?? 0
  const upTo = Math.max(0, ...projections.map(positionOf))
  const parkedPositions = await readParkedPositions(client)

  for (const projection of projections) {
    await new ReadModelTable(projection, 'scratch').create(client)
  }
  const { parked } = await fillTables({
    client,
    pages: new PageReader(eventStore),
    projections,
    place: 'scratch',
    upTo,
    isWanted: ({ position }, projection) =>
      position <= positionOf(projection) && !parkedPositions.get(projection.name)?.has(position),
    progress: (at) => progress?.(at, upTo),
  })
  const verifications: Verification[] = []
  for (const projection of projections) {
    const scratch = new ReadModelTable(projection, 'scratch')
    await scratch.analyze(client)
    const live = new ReadModelTable(projection, 'live')
    verifications.push({
      projection: projection.name,
      position: positionOf(projection),
      difference: await live.difference(client, scratch, SAMPLE_ROWS),
      refused: parked.get(projection.name) ?? [],
    })
    await scratch.drop(client)
  }
  return verifications
}

/** What live copies have parked, by projection. */
async function readParkedPositions(
  client: Client
): Promise<ReadonlyMap<string, ReadonlySet<number>>> {
  const { rows } = await client.query<{ projection: string; positions: string[] }>(
    `select projection, array_agg(position) as positions from run.parked_events
     where slot = 'live' group by projection`
  )
  return new Map(
    rows.map(({ projection, positions }) => [projection, new Set(positions.map(Number))])
  )
}
