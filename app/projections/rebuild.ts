import { setTimeout as delay } from 'node:timers/promises'
import { withClient } from '#event_store/with_client'
import type { EventStore } from '#event_store/port'
import { advance } from './advance.ts'
import { advanceCheckpoints, insertCheckpoint, park, readCheckpoints } from './checkpoints.ts'
import { ProjectionError } from './errors.ts'
import { PageReader } from './page_reader.ts'
import type { AnyProjection } from './projection.ts'
import { fillTables } from './fill.ts'
import { holdRebuildLock } from './rebuild_lock.ts'
import { copySession } from './session.ts'
import { catchUp, dropCopy, switchToNext } from './switch.ts'
import { ReadModelTable, type Client, type Slot, type TableDifference } from './table.ts'
import { inTransaction, isDataError } from './transaction.ts'

export interface RebuildProgress {
  projection: string
  /** `fill` counts events; the others are steps. */
  phase: 'fill' | 'index' | 'compare' | 'switch'
  position: number
  head: number
}

export interface RebuildOptions {
  connectionString: string
  eventStore: EventStore
  /** They are filled together, in one reading of the log. */
  projections: readonly AnyProjection[]
  /** Do not switch when the new rows differ from the old; each read model for itself. */
  gate: boolean
  /** Compare, then drop the new copies. */
  dryRun?: boolean
  /** How the filling goes on, for tests: events a page, rows in memory. */
  batchSize?: number
  mostRows?: number
  progress?: (progress: RebuildProgress) => void
  /** Told what came of each read model as soon as it is over. */
  done?: (result: RebuildResult) => void
}

/** What to rebuild, for whoever knows on what. */
export type RebuildWish = Omit<RebuildOptions, 'connectionString' | 'eventStore'>

export interface RebuildResult {
  projection: string
  events: number
  /** Where the new copy stands. */
  position: number
  /** `null` when the installed version is another: its rows cannot be compared. */
  difference: TableDifference | null
  switched: boolean
}

interface Rebuild extends RebuildOptions {
  client: Client
  pages: PageReader
}

/** One of the read models of a rebuild, after they were filled. */
interface Finishing {
  work: Rebuild
  projection: AnyProjection
}

const STEP = 2_000
/** Progress is told after so many events. */
const TOLD_EVENTS = 10_000
const SAMPLE_ROWS = 10
/** So often the live copy is looked at when it lags behind the new one. */
const WAIT_MILLISECONDS = 50

/**
 * Builds read models anew beside those that serve: fills them from the start of the log, compares each with the old at the
 * same position, and puts it in place in one short transaction. The old ones are kept for `rollback`. Answers what came of
 * each, in the order they were given.
 *
 * @throws ProjectionError E_NOT_INSTALLED, E_REBUILD_RUNNING, E_SWITCH_BLOCKED
 */
export async function rebuild(options: RebuildOptions): Promise<RebuildResult[]> {
  const { projections } = options
  return withClient(copySession(options.connectionString), async (client) => {
    const work: Rebuild = { ...options, client, pages: new PageReader(options.eventStore) }
    for (const projection of projections) {
      await holdRebuildLock(client, projection.name)
      await checkpointOf(client, projection, 'live')
    }
    return await buildAll(work)
  })
}

/** What was begun in vain is dropped: it would take room, and hold back what waits for all to have read the log. */
async function buildAll(work: Rebuild): Promise<RebuildResult[]> {
  const { client, projections, done } = work
  try {
    for (const projection of projections) {
      await inTransaction(client, () => makeCopy(client, projection))
    }
    const events = await fill(work)
    const results: RebuildResult[] = []
    for (const projection of projections) {
      const outcome = await finish({ work, projection })
      const result = { projection: projection.name, events, ...outcome }
      done?.(result)
      results.push(result)
    }
    return results
  } catch (error) {
    for (const projection of projections) {
      await inTransaction(client, () => dropCopy(client, projection, 'next')).catch(() => {})
    }
    throw error
  }
}

/** What follows when a copy is filled. */
async function finish(
  finishing: Finishing
): Promise<Pick<RebuildResult, 'position' | 'difference' | 'switched'>> {
  const { work, projection } = finishing
  const { client, eventStore, gate, dryRun = false } = work
  const next = new ReadModelTable(projection, 'next')
  report(finishing, 'index')
  await next.createIndexes(client)

  report(finishing, 'compare')
  const live = await checkpointOf(client, projection, 'live')
  const difference = live.version === projection.version ? await compare(finishing) : null
  const differs = difference !== null && difference.count > 0
  if (dryRun || (gate && differs)) {
    const { position } = await checkpointOf(client, projection, 'next')
    await inTransaction(client, () => dropCopy(client, projection, 'next'))
    return { position, difference, switched: false }
  }
  await next.analyze(client)
  await readOn(finishing)
  report(finishing, 'switch')
  const position = await switchToNext(client, eventStore, projection)
  return { position, difference, switched: true }
}

async function makeCopy(client: Client, projection: AnyProjection) {
  await dropCopy(client, projection, 'next')
  await new ReadModelTable(projection, 'next').create(client)
  await insertCheckpoint(client, projection, 'next')
}

function report(
  { work, projection }: Finishing,
  phase: RebuildProgress['phase'],
  position = 0,
  head = 0
) {
  work.progress?.({ projection: projection.name, phase, position, head })
}

/** Fills all copies in one reading of the log, up to where it ends now. */
async function fill(work: Rebuild): Promise<number> {
  const { client, projections, eventStore } = work
  const { position: head } = await eventStore.head()
  let told = 0
  const tell = (position: number) => {
    if (position >= told + TOLD_EVENTS || position >= head) {
      told = position
      projections.forEach((projection) => report({ work, projection }, 'fill', position, head))
    }
  }
  try {
    const { events, parked } = await fillTables({
      ...work,
      place: 'next',
      upTo: head,
      progress: tell,
    })
    await inTransaction(client, async () => {
      for (const { name } of projections) {
        await park(client, name, 'next', parked.get(name) ?? [])
      }
      const names = projections.map(({ name }) => name)
      await advanceCheckpoints(client, names, 'next', head)
    })
    return events
  } catch (error) {
    if (!isDataError(error)) {
      throw error
    }
  }
  return fillBatchByBatch(work, head, tell)
}

/** Fills the copies anew in steps that each tell which event it is whose rows the database refuses. */
async function fillBatchByBatch(
  work: Rebuild,
  head: number,
  tell: (position: number) => void
): Promise<number> {
  const { client, pages, projections, batchSize: limit = STEP } = work
  for (const projection of projections) {
    await inTransaction(client, () => makeCopy(client, projection))
  }
  const batch = { client, pages, projections, slot: 'next', limit, upTo: head } as const
  let events = 0
  for (let from = 0; from < head;) {
    const advanced = await advance({ ...batch, from })
    if (advanced.events === 0) {
      break
    }
    events += advanced.events
    from = advanced.position
    tell(from)
  }
  return events
}

/** Reads to the end of the log, as it is now. */
async function readOn({ work, projection }: Finishing): Promise<void> {
  let { position: from } = await checkpointOf(work.client, projection, 'next')
  for (let events = STEP; events === STEP;) {
    ;({ events, position: from } = await advanceCopy({ work, projection }, 'next', from))
  }
}

/**
 * Compares the new copy with the one that serves, which goes on meanwhile: it is seen in one snapshot, and the new one
 * is brought to the position of that snapshot.
 */
async function compare(finishing: Finishing): Promise<TableDifference> {
  const { work, projection } = finishing
  const { client, eventStore } = work
  await readOn(finishing)
  for (;;) {
    const difference = await inTransaction(client, async () => {
      await client.query('set transaction isolation level repeatable read')
      const live = await checkpointOf(client, projection, 'live')
      const next = await checkpointOf(client, projection, 'next')
      if (live.position < next.position) {
        return null
      }
      await catchUp(client, eventStore, projection, next.position, live.position)
      const table = new ReadModelTable(projection, 'live')
      return table.difference(client, new ReadModelTable(projection, 'next'), SAMPLE_ROWS)
    })
    if (difference !== null) {
      return difference
    }
    // Nobody may be running it, so the live copy is helped on.
    const live = await checkpointOf(client, projection, 'live')
    const { events } = await advanceCopy(finishing, 'live', live.position)
    if (events === 0) {
      await delay(WAIT_MILLISECONDS)
    }
  }
}

async function advanceCopy({ work, projection }: Finishing, slot: Slot, from: number) {
  const { client, pages } = work
  return advance({ client, pages, projections: [projection], slot, from, limit: STEP })
}

async function checkpointOf(client: Client, projection: AnyProjection, slot: Slot) {
  const checkpoints = await readCheckpoints(client, slot)
  const found = checkpoints.find((checkpoint) => checkpoint.projection === projection.name)
  if (found === undefined) {
    throw new ProjectionError('E_NOT_INSTALLED', `"${projection.name}" is not installed`)
  }
  return found
}
