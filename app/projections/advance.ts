import type { RecordedEvent } from '#event_store/port'
import { advanceCheckpoints, lockCheckpoints, park, type Checkpoint } from './checkpoints.ts'
import { foldInto } from './fold.ts'
import type { PageReader } from './page_reader.ts'
import type { AnyProjection } from './projection.ts'
import { ReadModelTable, type Client, type Slot } from './table.ts'

export const READ_MODELS_CHANNEL = 'picfast_read'

export interface Advance {
  client: Client
  pages: PageReader
  projections: readonly AnyProjection[]
  slot: Slot
  limit: number
  upTo?: number
}

export interface Advanced {
  /** How many events were read. */
  events: number
  /** Where the projections that ran stand now. */
  position: number
}

/** The database refused what a fold wrote: its data, not the connection, is at fault. */
class WriteRefused extends Error {
  readonly projection: string

  constructor(projection: string, cause: unknown) {
    super(`"${projection}" could not be written`, { cause })
    this.projection = projection
  }
}

/** SQLSTATE class 22 (data exception) or 23 (integrity constraint violation). */
function isDataError(error: unknown): boolean {
  return (
    error instanceof Error &&
    'code' in error &&
    typeof error.code === 'string' &&
    (error.code.startsWith('22') || error.code.startsWith('23'))
  )
}

/**
 * Runs one batch: locks the checkpoints, reads on, folds, writes rows, and moves the checkpoints, in one transaction.
 * Projections that another process holds are left to it. When the database refuses a row, the batch is halved until
 * the event at fault stands alone, and that one is parked.
 */
export async function advance(batch: Advance): Promise<Advanced> {
  for (let limit = batch.limit; ;) {
    try {
      return await inTransaction(batch.client, () => runBatch({ ...batch, limit }, null))
    } catch (error) {
      if (!(error instanceof WriteRefused)) {
        throw error
      }
      if (limit === 1) {
        return inTransaction(batch.client, () => runBatch({ ...batch, limit }, error))
      }
      limit = Math.ceil(limit / 2)
    }
  }
}

export async function inTransaction<Result>(
  client: Client,
  work: () => Promise<Result>
): Promise<Result> {
  await client.query('begin')
  try {
    const result = await work()
    await client.query('commit')
    return result
  } catch (error) {
    await client.query('rollback').catch(() => {})
    throw error
  }
}

async function runBatch(batch: Advance, refused: WriteRefused | null): Promise<Advanced> {
  const { client, projections, slot, pages, limit, upTo } = batch
  const names = projections.map(({ name }) => name)
  const locked = await lockCheckpoints(client, names, slot, { wait: slot !== 'live' })
  if (locked.length === 0) {
    return { events: 0, position: 0 }
  }
  const from = Math.min(...locked.map(({ position }) => position))
  const events = await pages.read(from, limit, upTo)
  const last = events.at(-1)
  if (last === undefined) {
    return { events: 0, position: from }
  }

  const through = last.position
  const moving = locked.filter(({ position }) => position < through)
  for (const checkpoint of moving) {
    const projection = projections.find(({ name }) => name === checkpoint.projection)
    if (projection !== undefined) {
      await runProjection(batch, projection, checkpoint, events, refused)
    }
  }
  const moved = moving.map(({ projection }) => projection)
  await advanceCheckpoints(client, moved, slot, through)
  if (slot === 'live') {
    await announce(client, moved, through)
  }
  return { events: events.length, position: through }
}

/** Folds events into one copy whose checkpoint the caller's transaction holds, and moves it to `through`. */
export async function advanceLocked(
  client: Client,
  projection: AnyProjection,
  checkpoint: Checkpoint,
  slot: Slot,
  events: readonly RecordedEvent[],
  through: number
): Promise<void> {
  await runProjection({ client, slot }, projection, checkpoint, events, null)
  await advanceCheckpoints(client, [projection.name], slot, through)
}

async function runProjection(
  { client, slot }: Pick<Advance, 'client' | 'slot'>,
  projection: AnyProjection,
  checkpoint: Checkpoint,
  events: readonly RecordedEvent[],
  refused: WriteRefused | null
) {
  const unseen =
    checkpoint.position < (events[0]?.position ?? 0)
      ? events
      : events.filter(({ position }) => position > checkpoint.position)
  const culprit = refused?.projection === projection.name
  const subject = culprit ? refusing(projection, refused.cause) : projection
  try {
    const table = new ReadModelTable(projection, slot)
    const parked = await foldInto(client, subject, table, unseen, checkpoint.parkedKeys)
    if (parked.length > 0) {
      await park(client, projection.name, slot, parked)
    }
  } catch (error) {
    throw isDataError(error) ? new WriteRefused(projection.name, error) : error
  }
}

/** The projection as one that cannot digest anything, so that the event at fault is parked with the database's reason. */
function refusing(projection: AnyProjection, cause: unknown): AnyProjection {
  return {
    ...projection,
    apply() {
      throw cause
    },
  }
}

/** Told at the commit to those who wait for a read model. */
export async function announce(client: Client, projections: readonly string[], position: number) {
  await client.query({
    name: 'announce_read_models',
    text: 'select pg_notify($1, $2)',
    values: [READ_MODELS_CHANNEL, JSON.stringify({ projections, position })],
  })
}
