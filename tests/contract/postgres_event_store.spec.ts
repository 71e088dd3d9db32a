import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AppendRequest } from '#event_store/port'
import { archiveFull } from '#tests/helpers/archives'
import { createTestDatabase } from '#tests/helpers/database'
import { openTestStore, partitionLog } from '#tests/helpers/event_store'
import { eventStoreContract } from './event_store_contract.ts'
import { openPool } from '#tests/helpers/pool'

eventStoreContract('PostgreSQL', async () => {
  const database = await createTestDatabase()
  const store = openTestStore(database.url)
  return {
    store,
    keyRing: store.keyRing,
    async close() {
      await store.close()
      await database.drop()
    },
  }
})

/** Partitions so small that nearly every test crosses some; those that are full are indexed after each append. */
for (const { size, layoutKept } of [
  { size: 1, layoutKept: 0 },
  { size: 3, layoutKept: 0 },
  { size: 3, layoutKept: 60_000 },
]) {
  const known = layoutKept === 0 ? 'looked up each time' : 'known from before'
  eventStoreContract(`PostgreSQL in partitions of ${size}, ${known}`, async () => {
    const database = await createTestDatabase()
    await partitionLog(database.url, size)
    const store = openTestStore(database.url, { layoutKept })
    const pool = openPool(database.url, 1)
    const append = store.append.bind(store)
    store.append = async (request: AppendRequest) => {
      try {
        return await append(request)
      } finally {
        await pool.query('select log.index_events(2)')
      }
    }
    return {
      store,
      keyRing: store.keyRing,
      async close() {
        await store.close()
        await pool.end()
        await database.drop()
      },
    }
  })
}

/** While tests write and read, what is full goes into a folder. */
for (const { size, layoutKept } of [
  { size: 3, layoutKept: 0 },
  { size: 3, layoutKept: 60_000 },
]) {
  const known = layoutKept === 0 ? 'looked up each time' : 'known from before'
  eventStoreContract(`PostgreSQL with an archive, ${known}`, async () => {
    const database = await createTestDatabase()
    await partitionLog(database.url, size)
    const folder = await mkdtemp(join(tmpdir(), 'picfast-archive-'))
    const store = openTestStore(database.url, { layoutKept })
    const append = store.append.bind(store)
    let archiving: Promise<void> | null = null
    const archive = async () => {
      archiving ??= archiveFull(database.url, folder, 1).finally(() => {
        archiving = null
      })
      await archiving
    }
    store.append = async (request: AppendRequest) => {
      try {
        return await append(request)
      } finally {
        await archive()
      }
    }
    return {
      store,
      keyRing: store.keyRing,
      async close() {
        await archiving
        await store.close()
        await database.drop()
        await rm(folder, { recursive: true, force: true })
      },
    }
  })
}
