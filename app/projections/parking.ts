import pg from 'pg'
import type { EventStore, RecordedEvent } from '#event_store/port'
import { announce, inTransaction } from './advance.ts'
import { lockCheckpoints } from './checkpoints.ts'
import { foldInto } from './fold.ts'
import type { AnyProjection } from './projection.ts'
import { projectionSession } from './runtime.ts'
import { ReadModelTable, type Client } from './table.ts'

/** A stream that a projection could not digest from one event on. */
export interface ParkedStream {
  projection: string
  partitionKey: string
  /** Position of the event that was refused. */
  position: number
  error: string
  /** How many events wait, the refused one included. */
  waiting: number
  parkedAt: string
}

interface ParkedRow {
  projection: string
  partition_key: string
  position: string
  error: string | null
  waiting: string
  parked_at: Date
}

/** What the live read models have parked, oldest first. */
export async function listParked(client: Client): Promise<ParkedStream[]> {
  const { rows } = await client.query<ParkedRow>(
    `select distinct on (projection, partition_key) projection, partition_key, position, error, parked_at,
       count(*) over (partition by projection, partition_key) as waiting
     from run.parked_events where slot = 'live'
     order by projection, partition_key, position`
  )
  return rows
    .map((row) => ({
      projection: row.projection,
      partitionKey: row.partition_key,
      position: Number(row.position),
      error: row.error ?? '',
      waiting: Number(row.waiting),
      parkedAt: row.parked_at.toISOString(),
    }))
    .sort((one, other) => one.position - other.position)
}

export interface RetryOptions {
  connectionString: string
  eventStore: EventStore
  projection: AnyProjection
  partitionKey: string
}

/** Folds a stream's parked events in their order, all or none. Answers why not, or `null` when the stream is free. */
export async function retryParked(options: RetryOptions): Promise<string | null> {
  const { projection, partitionKey, eventStore } = options
  const client = new pg.Client(projectionSession(options.connectionString))
  await client.connect()
  try {
    return await inTransaction(client, async () => {
      const [checkpoint] = await lockCheckpoints(client, [projection.name], 'live', { wait: true })
      const events = await readParked(client, eventStore, projection.name, partitionKey)
      const table = new ReadModelTable(projection, 'live')
      await client.query('savepoint attempt')
      const parked = await foldInto(client, projection, table, events, new Set())
      const refused = parked[0]
      if (refused !== undefined) {
        await client.query('rollback to savepoint attempt')
        await client.query(
          `update run.parked_events set error = $3
           where projection = $1 and slot = 'live' and position = $2`,
          [projection.name, refused.position, refused.error]
        )
        return refused.error
      }
      await client.query(
        `delete from run.parked_events
         where projection = $1 and slot = 'live' and partition_key = $2`,
        [projection.name, partitionKey]
      )
      await announce(client, [projection.name], checkpoint?.position ?? 0)
      return null
    })
  } finally {
    await client.end()
  }
}

async function readParked(
  client: Client,
  eventStore: EventStore,
  projection: string,
  partitionKey: string
): Promise<RecordedEvent[]> {
  const { rows } = await client.query<{ position: string }>(
    `select position from run.parked_events
     where projection = $1 and slot = 'live' and partition_key = $2 order by position`,
    [projection, partitionKey]
  )
  const events: RecordedEvent[] = []
  for (const row of rows) {
    const position = Number(row.position)
    events.push(...(await eventStore.readAll({ after: position - 1, upTo: position, limit: 1 })))
  }
  return events
}
