import pg from 'pg'
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
  projection: AnyProjection
  progress?: (position: number, head: number) => void
}

export interface Verification {
  projection: string
  position: number
  events: number
  difference: TableDifference
  /** Events that the live copy took in and that could not be folded now. */
  refused: Parked[]
}

/**
 * Folds the log into a temporary copy up to where the live one stands, and compares every row. The live one is seen in
 * one snapshot and goes on meanwhile; what it has parked is left out of both.
 */
export async function verify(options: VerifyOptions): Promise<Verification> {
  const client = new pg.Client(copySession(options.connectionString))
  await client.connect()
  try {
    return await inTransaction(client, async () => {
      await client.query('set transaction isolation level repeatable read')
      return compareWithLog(client, options)
    })
  } finally {
    await client.end()
  }
}

async function compareWithLog(client: Client, options: VerifyOptions): Promise<Verification> {
  const { eventStore, projection, progress } = options
  const checkpoints = await readCheckpoints(client, 'live')
  const position = checkpoints.find((one) => one.projection === projection.name)?.position ?? 0
  const parkedPositions = await readParkedPositions(client, projection)

  const scratch = new ReadModelTable(projection, 'scratch')
  await scratch.create(client)
  const { events, parked } = await fillTables({
    client,
    pages: new PageReader(eventStore),
    projections: [projection],
    place: 'scratch',
    upTo: position,
    isWanted: (event) => !parkedPositions.has(event.position),
    progress: (at) => progress?.(at, position),
  })
  const refused = parked.get(projection.name) ?? []
  await scratch.analyze(client)
  const live = new ReadModelTable(projection, 'live')
  const difference = await live.difference(client, scratch, SAMPLE_ROWS)
  await scratch.drop(client)
  return { projection: projection.name, position, events, difference, refused }
}

async function readParkedPositions(
  client: Client,
  projection: AnyProjection
): Promise<ReadonlySet<number>> {
  const { rows } = await client.query<{ position: string }>(
    `select position from run.parked_events where projection = $1 and slot = 'live'`,
    [projection.name]
  )
  return new Set(rows.map(({ position }) => Number(position)))
}
