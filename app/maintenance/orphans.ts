import type pg from 'pg'
import type { EventStore } from '#event_store/port'
import type { ObjectStore, StoredObject } from '#storage/object_store'
import { untilReadModelShows } from '#projections/read_model_wait'
import { knownKeys } from './known_objects.ts'

/** An upload ends within minutes, and what it left behind is swept after a day. */
export const ORPHAN_AGE_MILLISECONDS = 2 * 24 * 60 * 60 * 1_000

/** What lies in a store and belongs to nothing. */
export interface Orphans {
  strategyId: number
  /** Objects that were looked at. */
  looked: number
  objects: StoredObject[]
  /** More of them than are told. */
  more: number
}

const PAGE = 1_000
/** So many are told of a store. */
const MOST_TOLD = 10_000

interface OrphanSearch {
  pool: Pick<pg.Pool, 'query'>
  strategyId: number
  store: Pick<ObjectStore, 'list' | 'stat'>
  /** Younger objects may be of an upload that is under way. */
  olderThanMs: number
  progress: (looked: number) => void
}

/**
 * Looks through a store for objects that belong to nothing. Each is looked at twice, from the beginning to the end of the
 * search: what came to belong to something meanwhile, or went, is none.
 *
 * @throws StorageError
 */
export async function findOrphans(search: OrphanSearch): Promise<Orphans> {
  const { pool, strategyId, store, olderThanMs, progress } = search
  const before = Date.now() - olderThanMs
  const found: Orphans = { strategyId, looked: 0, objects: [], more: 0 }
  let page: StoredObject[] = []
  const look = async () => {
    for (const orphan of await withoutKnown(pool, page)) {
      if (found.objects.length < MOST_TOLD) {
        found.objects.push(orphan)
      } else {
        found.more += 1
      }
    }
    page = []
    progress(found.looked)
  }
  for await (const object of store.list()) {
    found.looked += 1
    if (object.lastModified.getTime() < before) {
      page.push(object)
    }
    if (page.length === PAGE) {
      await look()
    }
  }
  await look()
  return { ...found, objects: await stillOrphans(search, found.objects, before) }
}

/**
 * Waits until read models show what the log had when it was called: what they do not show yet would be taken for orphans.
 *
 * @throws Error when they stand still
 */
export async function untilObjectsAreKnown(site: {
  pool: pg.Pool
  eventStore: Pick<EventStore, 'head'>
}): Promise<void> {
  const { position } = await site.eventStore.head()
  for (const name of ['images', 'exports', 'strategies']) {
    await untilReadModelShows(site.pool, name, position)
  }
}

export async function strategyIds(pool: Pick<pg.Pool, 'query'>): Promise<number[]> {
  const { rows } = await pool.query<{ strategy_id: string }>(
    'select strategy_id from read.strategies order by 1'
  )
  return rows.map(({ strategy_id: id }) => Number(id))
}

async function stillOrphans(
  { pool, store }: OrphanSearch,
  objects: readonly StoredObject[],
  before: number
): Promise<StoredObject[]> {
  const still: StoredObject[] = []
  for (let from = 0; from < objects.length; from += PAGE) {
    for (const object of await withoutKnown(pool, objects.slice(from, from + PAGE))) {
      const present = await store.stat(object.key)
      if (present !== null && present.lastModified.getTime() < before) {
        still.push(object)
      }
    }
  }
  return still
}

async function withoutKnown(
  pool: Pick<pg.Pool, 'query'>,
  objects: readonly StoredObject[]
): Promise<StoredObject[]> {
  const known = await knownKeys(
    pool,
    objects.map(({ key }) => key)
  )
  return objects.filter(({ key }) => !known.has(key))
}
