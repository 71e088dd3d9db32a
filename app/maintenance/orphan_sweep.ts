import type pg from 'pg'
import { objectKeyClaim } from '#domain/guards'
import type { EventStore } from '#event_store/port'
import { thumbnailMd5 } from '#storage/object_key'
import { ObjectReservations } from '#storage/object_reservations'
import type { ObjectStore, StoredObject } from '#storage/object_store'
import { knownKeys } from './known_objects.ts'
import type { Orphans } from './orphans.ts'

const EXPORT_KEY = /^exports\/[0-9a-f-]{36}\.zip$/

export interface OrphanSweepOptions {
  pool: pg.Pool
  eventStore: Pick<EventStore, 'findClaim'>
  store: ObjectStore
  orphans: Orphans
  olderThanMs: number
  /** Also take away what the log has never heard of: files of somebody else, if they lie there. */
  strangers: boolean
}

export interface SweptOrphans {
  removed: StoredObject[]
  /** Belonging to something by now, or gone. */
  spared: number
  /** The log has never heard of them. */
  strangers: StoredObject[]
}

/**
 * Takes away objects that belong to nothing, each looked at once more. A name that can still be given to an upload is
 * held meanwhile, so that nobody writes under it.
 *
 * @throws StorageError
 */
export async function sweepOrphans(options: OrphanSweepOptions): Promise<SweptOrphans> {
  const reservations = new ObjectReservations(options.pool)
  const swept: SweptOrphans = { removed: [], spared: 0, strangers: [] }
  for (const object of options.orphans.objects) {
    const isOurs = await wasOurs(options, object.key)
    if (!isOurs && !options.strangers) {
      swept.strangers.push(object)
    } else if (await removeHeld(options, reservations, object)) {
      swept.removed.push(object)
    } else {
      swept.spared += 1
    }
  }
  return swept
}

/** Whether PicFast made it: the log gave the name once, or it is one that nothing else is called by. */
async function wasOurs(options: OrphanSweepOptions, key: string): Promise<boolean> {
  return thumbnailMd5(key) !== null || EXPORT_KEY.test(key) || (await isGiven(options, key))
}

async function removeHeld(
  options: OrphanSweepOptions,
  reservations: ObjectReservations,
  { key }: StoredObject
): Promise<boolean> {
  const name = { strategyId: options.orphans.strategyId, objectKey: key }
  const outcome = await reservations.reserve({ ...name, storedBytes: '' })
  const isHeld = outcome === 'reserved'
  try {
    // A name that the log gave once is given to no one again; another one that is taken is being written under.
    if (!(isHeld || (await isGiven(options, key))) || !(await isOrphan(options, key, !isHeld))) {
      return false
    }
    await options.store.delete(key)
    return true
  } finally {
    if (isHeld) {
      await reservations.release(name)
    }
  }
}

async function isOrphan(
  { pool, store, olderThanMs }: OrphanSweepOptions,
  key: string,
  reserved: boolean
): Promise<boolean> {
  const present = await store.stat(key)
  return (
    present !== null &&
    present.lastModified.getTime() < Date.now() - olderThanMs &&
    (await knownKeys(pool, [key], { reserved })).size === 0
  )
}

async function isGiven({ eventStore, orphans }: OrphanSweepOptions, key: string): Promise<boolean> {
  const claim = objectKeyClaim(orphans.strategyId, key)
  return (await eventStore.findClaim('object_key', claim)) !== null
}
