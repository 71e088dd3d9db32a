import pg from 'pg'
import type { EventStore } from '#event_store/port'
import { advance, advanceLocked, announce, inTransaction } from './advance.ts'
import {
  clearSlot,
  insertCheckpoint,
  lockCheckpoints,
  moveSlot,
  type Checkpoint,
} from './checkpoints.ts'
import { PageReader } from './page_reader.ts'
import type { AnyProjection } from './projection.ts'
import { projectionSession } from './runtime.ts'
import { ReadModelTable, SCHEMAS, type Slot, type TableDifference } from './table.ts'

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
  position: number
  difference: TableDifference
  switched: boolean
}

export type RebuildErrorCode = 'E_REBUILD_RUNNING' | 'E_NOTHING_TO_ROLL_BACK' | 'E_NOT_INSTALLED'

export class RebuildError extends Error {
  override name = 'RebuildError'
  readonly code: RebuildErrorCode

  constructor(code: RebuildErrorCode, message: string) {
    super(message)
    this.code = code
  }
}

const FILL_BATCH = 5_000
/** The switch waits for the end of a reader's statement, and gives up to let others pass before it tries again. */
const SWITCH_LOCK_MILLISECONDS = 1_000
const SWITCH_ATTEMPTS = 20
/** So close to the live copy, the rest is read while both stand still. */
const CLOSE_BEHIND = 1_000
const SAMPLE_ROWS = 10

/**
 * Builds a read model anew beside the one that serves: fills it from the start of the log, compares both at the same
 * position, and puts it in place in one short transaction. The old one is kept for `rollback`.
 *
 * @throws RebuildError E_NOT_INSTALLED, E_REBUILD_RUNNING
 */
export async function rebuild(options: RebuildOptions): Promise<RebuildResult> {
  return onConnection(options.connectionString, async (client) => {
    await holdRebuildLock(client, options.projection.name)
    const { projection } = options
    const next = new ReadModelTable(projection, 'next')
    await inTransaction(client, async () => {
      await next.drop(client)
      await clearSlot(client, projection.name, 'next')
      await next.create(client)
      await insertCheckpoint(client, projection, 'next')
    })
    const events = await fill(client, options)
    report(options, 'index')
    await next.createIndexes(client)
    const result = await compareAndSwitch(client, options)
    if (!result.switched) {
      await inTransaction(client, async () => {
        await next.drop(client)
        await clearSlot(client, projection.name, 'next')
      })
    }
    return { events, ...result }
  })
}

/**
 * Puts the copy from before the last switch back in place; it then catches up from where it stood.
 *
 * @throws RebuildError E_NOTHING_TO_ROLL_BACK, E_REBUILD_RUNNING
 */
export async function rollback(options: {
  connectionString: string
  projection: AnyProjection
}): Promise<void> {
  const { projection } = options
  await onConnection(options.connectionString, async (client) => {
    await holdRebuildLock(client, projection.name)
    await withShortLocks(client, async () => {
      const [previous] = await lockCheckpoints(client, [projection.name], 'previous', {
        wait: true,
      })
      if (previous === undefined) {
        throw new RebuildError(
          'E_NOTHING_TO_ROLL_BACK',
          `There is no earlier copy of "${projection.name}"`
        )
      }
      await lockCheckpoints(client, [projection.name], 'live', { wait: true })
      await move(client, projection, 'live', 'scratch')
      await move(client, projection, 'previous', 'live')
      await move(client, projection, 'scratch', 'previous')
    })
  })
}

async function onConnection<Result>(
  connectionString: string,
  work: (client: pg.Client) => Promise<Result>
): Promise<Result> {
  const client = new pg.Client({
    ...projectionSession(connectionString),
    options: '-c synchronous_commit=off -c jit=off -c maintenance_work_mem=128MB',
  })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

/** One rebuild of a read model at a time; the lock goes with the connection. */
async function holdRebuildLock(client: pg.Client, projection: string) {
  const { rows } = await client.query<{ held: boolean }>(
    `select pg_try_advisory_lock(hashtextextended('picfast rebuild ' || $1, 0)) as held`,
    [projection]
  )
  if (rows[0]?.held !== true) {
    throw new RebuildError('E_REBUILD_RUNNING', `"${projection}" is being rebuilt already`)
  }
}

function report(options: RebuildOptions, phase: RebuildProgress['phase'], position = 0, head = 0) {
  options.progress?.({ projection: options.projection.name, phase, position, head })
}

async function fill(client: pg.Client, options: RebuildOptions): Promise<number> {
  const { eventStore, projection } = options
  const pages = new PageReader(eventStore)
  const head = (await eventStore.head()).position
  let events = 0
  let position = 0
  while (position < head) {
    const advanced = await advance({
      client,
      pages,
      projections: [projection],
      slot: 'next',
      limit: FILL_BATCH,
      upTo: head,
    })
    if (advanced.events === 0) {
      break
    }
    events += advanced.events
    position = advanced.position
    report(options, 'fill', position, head)
  }
  return events
}

async function compareAndSwitch(client: pg.Client, options: RebuildOptions) {
  const { projection, gate, dryRun = false } = options
  report(options, 'compare')
  await drawClose(client, options)
  return withShortLocks(client, async () => {
    const position = await drain(client, options)
    const difference = await differenceOf(client, projection)
    const switched = !dryRun && !(gate && difference.count > 0)
    if (switched) {
      report(options, 'switch', position, position)
      await new ReadModelTable(projection, 'previous').drop(client)
      await clearSlot(client, projection.name, 'previous')
      await move(client, projection, 'live', 'previous')
      await move(client, projection, 'next', 'live')
      await announce(client, [projection.name], position)
    }
    return { position, difference, switched }
  })
}

/** Follows the live copy until little is left, so that it stands still only for a moment. */
async function drawClose(client: pg.Client, { eventStore, projection }: RebuildOptions) {
  const pages = new PageReader(eventStore)
  let events = CLOSE_BEHIND
  while (events >= CLOSE_BEHIND) {
    ;({ events } = await advance({
      client,
      pages,
      projections: [projection],
      slot: 'next',
      limit: FILL_BATCH,
    }))
  }
}

/** Brings whichever copy is behind to where the other stands, in the transaction that holds both. */
async function drain(client: pg.Client, options: RebuildOptions): Promise<number> {
  const { eventStore, projection } = options
  const live = await requireLocked(client, projection, 'live')
  const next = await requireLocked(client, projection, 'next')
  const to = Math.max(live.position, next.position)
  const [slot, behind]: [Slot, Checkpoint] =
    live.position < next.position ? ['live', live] : ['next', next]
  for (let after = behind.position; after < to;) {
    const events = await eventStore.readAll({ after, upTo: to, limit: FILL_BATCH })
    after = events.at(-1)?.position ?? to
    await advanceLocked(client, projection, behind, slot, events, after)
  }
  return to
}

async function requireLocked(
  client: pg.Client,
  projection: AnyProjection,
  slot: Slot
): Promise<Checkpoint> {
  const [checkpoint] = await lockCheckpoints(client, [projection.name], slot, { wait: true })
  if (checkpoint === undefined) {
    throw new RebuildError('E_NOT_INSTALLED', `"${projection.name}" is not installed`)
  }
  return checkpoint
}

/** A changed table cannot be compared column by column; it is known by its version. */
async function differenceOf(
  client: pg.Client,
  projection: AnyProjection
): Promise<TableDifference> {
  const { rows } = await client.query<{ version: number }>(
    `select version from run.checkpoints where projection = $1 and slot = 'live'`,
    [projection.name]
  )
  if (rows[0]?.version !== projection.version) {
    return { count: 0, sample: [] }
  }
  const live = new ReadModelTable(projection, 'live')
  return live.difference(client, new ReadModelTable(projection, 'next'), SAMPLE_ROWS)
}

async function move(client: pg.Client, projection: AnyProjection, from: Slot, to: Slot) {
  await client.query(`alter table ${SCHEMAS[from]}.${projection.name} set schema ${SCHEMAS[to]}`)
  await moveSlot(client, projection.name, from, to)
}

/** Runs a transaction that takes table locks, in short tries: a queue behind a waiting lock would stop all readers. */
async function withShortLocks<Result>(
  client: pg.Client,
  work: () => Promise<Result>
): Promise<Result> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await inTransaction(client, async () => {
        await client.query(`set local lock_timeout = ${SWITCH_LOCK_MILLISECONDS}`)
        return work()
      })
    } catch (error) {
      const isLockTimeout = error instanceof Error && 'code' in error && error.code === '55P03'
      if (!isLockTimeout || attempt >= SWITCH_ATTEMPTS) {
        throw error
      }
    }
  }
}
