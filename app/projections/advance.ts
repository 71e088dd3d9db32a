import type { RecordedFact } from '#event_store/port'
import {
  advanceCheckpoints,
  advanceLive,
  lockCheckpoints,
  park,
  readParkedKeys,
} from './checkpoints.ts'
import { Fold } from './fold.ts'
import type { PageReader } from './page_reader.ts'
import type { AnyProjection } from './projection.ts'
import type { Client, Slot } from './table.ts'
import { inTransaction, isDataError } from './transaction.ts'

export interface Batch {
  client: Client
  pages: PageReader
  projections: readonly AnyProjection[]
  slot: Slot
  /** The position of the projection that is furthest behind; those ahead of it skip what they have seen. */
  from: number
  limit: number
  upTo?: number
}

export interface Advanced {
  /** How many events were read and folded; 0 when there were none, or when others hold all the checkpoints. */
  events: number
  /** Where the projections that ran stand now. */
  position: number
}

/** A fold could not be written. The transaction is rolled back, and the other projections may go on. */
export class ProjectionFailure extends Error {
  override name = 'ProjectionFailure'
  readonly projection: string

  constructor(projection: string, cause: unknown) {
    super(`"${projection}": ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
    this.projection = projection
  }
}

/**
 * Runs one batch: locks the checkpoints, folds what follows, writes rows, and moves the checkpoints, in one
 * transaction. Projections that another process holds are left to it. When the database refuses a row, the batch is
 * halved until the event at fault stands alone, and that one is parked.
 *
 * @throws ProjectionFailure when a read model cannot be written for another reason than its data
 */
export async function advance(batch: Batch): Promise<Advanced> {
  const { client, pages, from, limit, upTo } = batch
  let events = await pages.read(from, limit, upTo)
  if (events.length === 0) {
    return { events: 0, position: from }
  }
  for (;;) {
    try {
      return await inTransaction(client, () => runBatch(batch, events, null))
    } catch (error) {
      if (!(error instanceof ProjectionFailure) || !isDataError(error.cause)) {
        throw error
      }
      if (events.length === 1) {
        return inTransaction(client, () => runBatch(batch, events, error))
      }
      events = events.slice(0, Math.ceil(events.length / 2))
    }
  }
}

async function runBatch(
  batch: Batch,
  events: readonly RecordedFact[],
  refused: ProjectionFailure | null
): Promise<Advanced> {
  const { client, projections, slot, from } = batch
  const through = events.at(-1)?.position ?? from
  const names = projections.map(({ name }) => name)
  const locked = await lockCheckpoints(client, names, slot, { wait: slot !== 'live' })
  const byName = new Map(locked.map((checkpoint) => [checkpoint.projection, checkpoint]))
  const parkedKeys = await readParkedKeys(client, names, slot)

  const due: Due[] = []
  for (const projection of projections) {
    const { name, version } = projection
    const checkpoint = byName.get(name)
    if (
      checkpoint?.version === version &&
      checkpoint.position >= from &&
      checkpoint.position < through
    ) {
      const subject =
        refused?.projection === name ? refusing(projection, refused.cause) : projection
      const unseen = events.filter(({ position }) => position > checkpoint.position)
      due.push({ name, fold: new Fold(subject, slot, unseen, parkedKeys(name)) })
    }
  }
  if (due.length === 0) {
    return { events: 0, position: from }
  }
  await runFolds(batch, due, () => {
    if (events.length === batch.limit) {
      batch.pages.readAhead(through, batch.limit, batch.upTo)
    }
  })
  const moved = due.map(({ name }) => name)
  const subjects = new Set(due.flatMap(({ fold }) => [...fold.subjects]))
  await (slot === 'live'
    ? advanceLive(client, moved, through, subjects)
    : advanceCheckpoints(client, moved, slot, through))
  return { events: events.length, position: through }
}

interface Due {
  name: string
  fold: Fold
}

/** Loads for all, then folds each while the database writes the one before. */
async function runFolds(
  { client, slot }: Batch,
  due: readonly Due[],
  readAhead: () => void
): Promise<void> {
  for (const { name, fold } of due) {
    await attributed(name, () => fold.load(client))
  }
  readAhead()
  let writing = Promise.resolve()
  for (const { name, fold } of due) {
    const parked = fold.run()
    fold.encode()
    await writing
    writing = attributed(name, async () => {
      await fold.write(client)
      await park(client, name, slot, parked)
    })
  }
  await writing
}

async function attributed(projection: string, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    throw new ProjectionFailure(projection, error)
  }
}

/** The projection as one that digests nothing, so that the event at fault is parked with the database's reason. */
function refusing(projection: AnyProjection, cause: unknown): AnyProjection {
  return {
    ...projection,
    apply() {
      throw cause
    },
  }
}
