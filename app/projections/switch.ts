import { setTimeout as delay } from 'node:timers/promises'
import { sqlState } from '#event_store/postgres_failure'
import { withClient } from '#event_store/with_client'
import type { EventStore } from '#event_store/port'
import { announce } from './announcement.ts'
import {
  advanceCheckpoints,
  clearSlot,
  lockCheckpoints,
  moveSlot,
  park,
  readParkedKeys,
  type Checkpoint,
} from './checkpoints.ts'
import { ProjectionError } from './errors.ts'
import { foldInto } from './fold.ts'
import type { AnyProjection } from './projection.ts'
import { holdRebuildLock } from './rebuild_lock.ts'
import { copySession } from './session.ts'
import { stampAll } from './stamps.ts'
import { ReadModelTable, SCHEMAS, type Client, type Slot } from './table.ts'
import { inTransaction } from './transaction.ts'

/** While the switch waits for a reader's statement, all readers behind it wait as well: so it tries in short goes. */
const LOCK_MILLISECONDS = 150
const PAUSE_MILLISECONDS = 150
const ATTEMPTS = 100
const LOCK_NOT_AVAILABLE = '55P03'
const READ_BATCH = 5_000

/**
 * Puts the finished copy in place of the one that serves, which is kept for `rollback`. Answers the position that
 * readers see from then on.
 *
 * @throws ProjectionError E_NOT_INSTALLED, E_SWITCH_BLOCKED
 */
export async function switchToNext(
  client: Client,
  eventStore: EventStore,
  projection: AnyProjection
): Promise<number> {
  return withShortLocks(client, projection, async () => {
    const live = await lockOne(client, projection, 'live', 'E_NOT_INSTALLED')
    const next = await lockOne(client, projection, 'next', 'E_NOT_INSTALLED')
    await catchUp(client, eventStore, projection, next.position, live.position)
    await dropCopy(client, projection, 'previous')
    await move(client, projection, 'live', 'previous')
    await move(client, projection, 'next', 'live')
    const position = Math.max(live.position, next.position)
    await stampAll(client)
    await announce(client, [projection.name], position)
    return position
  })
}

/**
 * Puts the copy from before the last switch back in place; it then catches up from where it stood.
 *
 * @throws ProjectionError E_NOTHING_TO_ROLL_BACK, E_REBUILD_RUNNING, E_SWITCH_BLOCKED
 */
export async function rollback(options: {
  connectionString: string
  projection: AnyProjection
}): Promise<void> {
  const { projection } = options
  return withClient(copySession(options.connectionString), async (client) => {
    await holdRebuildLock(client, projection.name)
    await withShortLocks(client, projection, async () => {
      await lockOne(client, projection, 'live', 'E_NOT_INSTALLED')
      const previous = await lockOne(client, projection, 'previous', 'E_NOTHING_TO_ROLL_BACK')
      await dropCopy(client, projection, 'next')
      await move(client, projection, 'live', 'next')
      await move(client, projection, 'previous', 'live')
      await move(client, projection, 'next', 'previous')
      await stampAll(client)
      await announce(client, [projection.name], previous.position)
    })
  })
}

/** Removes a copy that does not serve, with its checkpoint and what was parked for it. */
export async function dropCopy(
  client: Client,
  projection: AnyProjection,
  slot: 'next' | 'previous'
) {
  await new ReadModelTable(projection, slot).drop(client)
  await clearSlot(client, projection.name, slot)
}

/** Folds what the copy has not seen yet, in the transaction that holds its checkpoint. */
export async function catchUp(
  client: Client,
  eventStore: EventStore,
  projection: AnyProjection,
  from: number,
  to: number
): Promise<void> {
  for (let after = from; after < to;) {
    const events = await eventStore.readFacts({ after, upTo: to, limit: READ_BATCH })
    const parkedKeys = await readParkedKeys(client, [projection.name], 'next')
    const alreadyParked = parkedKeys(projection.name)
    const parked = await foldInto(client, projection, 'next', events, alreadyParked)
    await park(client, projection.name, 'next', parked)
    after = events.at(-1)?.position ?? to
  }
  if (from < to) {
    await advanceCheckpoints(client, [projection.name], 'next', to)
  }
}

async function lockOne(
  client: Client,
  projection: AnyProjection,
  slot: Slot,
  otherwise: 'E_NOT_INSTALLED' | 'E_NOTHING_TO_ROLL_BACK'
): Promise<Checkpoint> {
  const [checkpoint] = await lockCheckpoints(client, [projection.name], slot, { wait: true })
  if (checkpoint === undefined) {
    const sentence =
      otherwise === 'E_NOT_INSTALLED' ? 'is not installed' : 'has no earlier copy to go back to'
    throw new ProjectionError(otherwise, `"${projection.name}" ${sentence}`)
  }
  return checkpoint
}

async function move(client: Client, { name }: AnyProjection, from: Slot, to: Slot) {
  await client.query(`alter table ${SCHEMAS[from]}.${name} set schema ${SCHEMAS[to]}`)
  await moveSlot(client, name, from, to)
}

async function withShortLocks<Result>(
  client: Client,
  projection: AnyProjection,
  work: () => Promise<Result>
): Promise<Result> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await inTransaction(client, async () => {
        await client.query(`set local lock_timeout = ${LOCK_MILLISECONDS}`)
        return work()
      })
    } catch (error) {
      if (sqlState(error) !== LOCK_NOT_AVAILABLE) {
        throw error
      }
      if (attempt === ATTEMPTS) {
        throw new ProjectionError(
          'E_SWITCH_BLOCKED',
          `"${projection.name}" is read without a pause; it could not be switched`,
          { cause: error }
        )
      }
      await delay(PAUSE_MILLISECONDS)
    }
  }
}
