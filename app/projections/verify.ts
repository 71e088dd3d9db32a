import pg from 'pg'
import type { EventStore } from '#event_store/port'
import { advanceLocked, inTransaction } from './advance.ts'
import { clearSlot, type Checkpoint } from './checkpoints.ts'
import type { AnyProjection } from './projection.ts'
import { projectionSession } from './runtime.ts'
import { ReadModelTable, type TableDifference } from './table.ts'

const BATCH = 5_000
const SAMPLE_ROWS = 10
/** The scratch copy begins before the first event. */
const UNSEEN: Checkpoint = { projection: '', position: 0, parkedKeys: new Set() }

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
}

/**
 * Folds the log into a scratch copy up to where the live one stands, and compares every row. The live one is seen in
 * one snapshot and goes on meanwhile; parked events are left out of both.
 */
export async function verify(options: VerifyOptions): Promise<Verification> {
  const { connectionString, eventStore, projection, progress } = options
  const client = new pg.Client({
    ...projectionSession(connectionString),
    options: '-c synchronous_commit=off -c jit=off',
  })
  await client.connect()
  try {
    return await inTransaction(client, async () => {
      await client.query('set transaction isolation level repeatable read')
      const position = await livePosition(client, projection)
      const scratch = new ReadModelTable(projection, 'scratch')
      await scratch.drop(client)
      await scratch.create(client)
      let events = 0
      for (let after = 0; after < position;) {
        const page = await eventStore.readAll({ after, upTo: position, limit: BATCH })
        after = page.at(-1)?.position ?? position
        events += page.length
        await advanceLocked(client, projection, UNSEEN, 'scratch', page, after)
        progress?.(after, position)
      }
      const live = new ReadModelTable(projection, 'live')
      const difference = await live.difference(client, scratch, SAMPLE_ROWS)
      await scratch.drop(client)
      await clearSlot(client, projection.name, 'scratch')
      return { projection: projection.name, position, events, difference }
    })
  } finally {
    await client.end()
  }
}

async function livePosition(client: pg.Client, projection: AnyProjection): Promise<number> {
  const { rows } = await client.query<{ position: string }>(
    `select position from run.checkpoints where projection = $1 and slot = 'live'`,
    [projection.name]
  )
  return Number(rows[0]?.position ?? 0)
}
