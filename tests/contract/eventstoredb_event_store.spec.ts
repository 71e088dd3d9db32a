import { createTestDatabase } from '#tests/helpers/database'
import { partitionLog } from '#tests/helpers/event_store'
import { EventStoreDbServer } from '#tests/helpers/eventstoredb/server'
import { attach, drawNamespace, openEventStoreDb } from '#tests/helpers/eventstoredb/store'
import { eventStoreContract } from './event_store_contract.ts'

async function openOn(url: string, stopServer: () => Promise<void>, partitionSize?: number) {
  const database = await createTestDatabase()
  if (partitionSize !== undefined) {
    await partitionLog(database.url, partitionSize)
  }
  const namespace = drawNamespace()
  await attach(database.url, namespace)
  const store = openEventStoreDb({ connectionString: database.url, url, namespace })
  return {
    store,
    keyRing: store.keyRing,
    async close() {
      await store.close()
      await database.drop()
      await stopServer()
    },
  }
}

for (const batchAppend of [true, false]) {
  eventStoreContract(
    `EventStoreDB's protocol, ${batchAppend ? 'batch append' : 'append, copied into partitions of 3'}`,
    async () => {
      const server = await EventStoreDbServer.start({ batchAppend })
      server.log.appendNoise()
      return openOn(server.url, () => server.stop(), batchAppend ? undefined : 3)
    }
  )
}

/** A real server, kept by whoever runs the tests; each test has a namespace of its own on it. */
const realServer = process.env.EVENTSTORE_TEST_URL
if (realServer) {
  eventStoreContract('EventStoreDB', () => openOn(realServer, async () => {}))
}
