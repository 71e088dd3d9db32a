import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import type { EventStore } from '#event_store/port'
import { advance } from './advance.ts'
import { insertCheckpoint, readCheckpoints } from './checkpoints.ts'
import { ProjectionError } from './errors.ts'
import { PageReader } from './page_reader.ts'
import type { AnyProjection } from './projection.ts'
import { holdRebuildLock } from './rebuild_lock.ts'
import { copySession } from './session.ts'
import { catchUp, dropCopy, switchToNext } from './switch.ts'
import { ReadModelTable, type Client, type Slot, type TableDifference } from './table.ts'
import { inTransaction } from './transaction.ts'

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
  projection: AnyProjection
  /** Do not switch when the new rows differ from the old. */
  gate: boolean
  /** Compare, then drop the new copy. */
  dryRun?: boolean
  progress?: (progress: RebuildProgress) => void
}

export interface RebuildResult {
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

const FILL_BATCH = 5_000
const SAMPLE_ROWS = 10
/** So often the live copy is looked at when it lags behind the new one. */
const WAIT_MILLISECONDS = 50

/**
 * Builds a read model anew beside the one that serves: fills it from the start of the log, compares both at the same
 * position, and puts it in place in one short transaction. The old one is kept for `rollback`.
 *
 * @throws ProjectionError E_NOT_INSTALLED, E_REBUILD_RUNNING, E_SWITCH_BLOCKED
 */
export async function rebuild(options: RebuildOptions): Promise<RebuildResult> {
  const { projection, gate, dryRun = false } = options
  const client = new pg.Client(copySession(options.connectionString))
  await client.connect()
  const work: Rebuild = { ...options, client, pages: new PageReader(options.eventStore) }
  try {
    await holdRebuildLock(client, projection.name)
    const live = await checkpointOf(client, projection, 'live')
    await inTransaction(client, () => makeCopy(client, projection))
    const events = await fill(work)
    report(work, 'index')
    await new ReadModelTable(projection, 'next').createIndexes(client)

    report(work, 'compare')
    const difference = live.version === projection.version ? await compare(work) : null
    const differs = difference !== null && difference.count > 0
    if (dryRun || (gate && differs)) {
      const { position } = await checkpointOf(client, projection, 'next')
      await inTransaction(client, () => dropCopy(client, projection, 'next'))
      return { events, position, difference, switched: false }
    }
    await new ReadModelTable(projection, 'next').analyze(client)
    await readOn(work)
    report(work, 'switch')
    const position = await switchToNext(client, options.eventStore, projection)
    return { events, position, difference, switched: true }
  } finally {
    await client.end()
  }
}

async function makeCopy(client: Client, projection: AnyProjection) {
  await dropCopy(client, projection, 'next')
  await new ReadModelTable(projection, 'next').create(client)
  await insertCheckpoint(client, projection, 'next')
}

function report(work: Rebuild, phase: RebuildProgress['phase'], position = 0, head = 0) {
  work.progress?.({ projection: work.projection.name, phase, position, head })
}

async function fill(work: Rebuild): Promise<number> {
  const head = (await work.eventStore.head()).position
  let events = 0
  for (let from = 0; from < head;) {
    const advanced = await advanceCopy(work, 'next', from, head)
    if (advanced.events === 0) {
      break
    }
    events += advanced.events
    from = advanced.position
    report(work, 'fill', from, head)
  }
  return events
}

/** Reads to the end of the log, as it is now. */
async function readOn(work: Rebuild): Promise<void> {
  let { position: from } = await checkpointOf(work.client, work.projection, 'next')
  for (let events = FILL_BATCH; events === FILL_BATCH;) {
    ;({ events, position: from } = await advanceCopy(work, 'next', from))
  }
}

/**
 * Compares the new copy with the one that serves, which goes on meanwhile: it is seen in one snapshot, and the new one
 * is brought to the position of that snapshot.
 */
async function compare(work: Rebuild): Promise<TableDifference> {
  const { client, projection, eventStore } = work
  await readOn(work)
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
    const { events } = await advanceCopy(work, 'live', live.position)
    if (events === 0) {
      await delay(WAIT_MILLISECONDS)
    }
  }
}

async function advanceCopy(work: Rebuild, slot: Slot, from: number, upTo?: number) {
  const { client, pages, projection } = work
  return advance({ client, pages, projections: [projection], slot, from, limit: FILL_BATCH, upTo })
}

async function checkpointOf(client: Client, projection: AnyProjection, slot: Slot) {
  const checkpoints = await readCheckpoints(client, slot)
  const found = checkpoints.find((checkpoint) => checkpoint.projection === projection.name)
  if (found === undefined) {
    throw new ProjectionError('E_NOT_INSTALLED', `"${projection.name}" is not installed`)
  }
  return found
}
