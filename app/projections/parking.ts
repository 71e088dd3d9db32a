import { withClient } from '#event_store/with_client'
import type { EventStore, RecordedEvent } from '#event_store/port'
import { announce } from './announcement.ts'
import { lockCheckpoints } from './checkpoints.ts'
import { foldInto, sentenceOf, type Parked } from './fold.ts'
import type { AnyProjection } from './projection.ts'
import { projectionSession } from './session.ts'
import { stampAll } from './stamps.ts'
import type { Client } from './table.ts'
import { inTransaction, isDataError } from './transaction.ts'

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
  /** How often the refused event was tried. */
  attempts: number
}

interface ParkedRow {
  projection: string
  partition_key: string
  position: string
  error: string | null
  waiting: string
  parked_at: Date
  attempts: number
}

/** What the live read models have parked, oldest first. */
export async function listParked(client: Client): Promise<ParkedStream[]> {
  const { rows } = await client.query<ParkedRow>(
    `select distinct on (projection, partition_key) projection, partition_key, position, error, parked_at,
       attempts, count(*) over (partition by projection, partition_key) as waiting
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
      attempts: row.attempts,
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
  return withClient(projectionSession(options.connectionString), async (client) => {
    return await inTransaction(client, async () => {
      const [live] = await lockCheckpoints(client, [projection.name], 'live', { wait: true })
      if (live?.version !== projection.version) {
        return `version ${projection.version} is not installed`
      }
      const events = await readParked(client, eventStore, projection.name, partitionKey)
      const refused = await tryToFold(client, projection, events)
      if (refused !== null) {
        await client.query(
          `update run.parked_events set error = $3, attempts = attempts + 1
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
      await stampAll(client)
      await announce(client, [projection.name], live.position)
      return null
    })
  })
}

/** Folds one event after the other; when one is refused, nothing has happened. */
async function tryToFold(
  client: Client,
  projection: AnyProjection,
  events: readonly RecordedEvent[]
): Promise<{ position: number; error: string } | null> {
  await client.query('savepoint attempt')
  for (const event of events) {
    const error = await reasonAgainst(() =>
      foldInto(client, projection, 'live', [event], NOTHING_PARKED)
    )
    if (error !== null) {
      await client.query('rollback to savepoint attempt')
      return { position: event.position, error }
    }
  }
  return null
}

async function reasonAgainst(fold: () => Promise<Parked[]>): Promise<string | null> {
  try {
    const [refused] = await fold()
    return refused?.error ?? null
  } catch (error) {
    if (isDataError(error)) {
      return sentenceOf(error)
    }
    throw error
  }
}

const NOTHING_PARKED: ReadonlySet<string> = new Set()

async function readParked(
  client: Client,
  eventStore: EventStore,
  projection: string,
  partitionKey: string
): Promise<RecordedEvent[]> {
  const { rows } = await client.query<{ position: string }>(
    `select position from run.parked_events
     where projection = $1 and slot = 'live' and partition_key = $2`,
    [projection, partitionKey]
  )
  const positions = new Set(rows.map(({ position }) => Number(position)))
  const events = await eventStore.readStream(partitionKey)
  return events.filter(({ position }) => positions.has(position))
}
