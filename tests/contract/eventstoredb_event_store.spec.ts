import { createTestDatabase } from '#tests/helpers/database'
import { EventStoreDbServer } from '#tests/helpers/eventstoredb/server'
import { attach, drawNamespace, openEventStoreDb } from '#tests/helpers/eventstoredb/store'
import { eventStoreContract } from './event_store_contract.ts'

async function openOn(url: string, stopServer: () => Promise<void>) {
  const database = await createTestDatabase()
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
    `EventStoreDB's protocol, ${batchAppend ? 'batch append' : 'append'}`,
    async () => {
      const server = await EventStoreDbServer.start({ batchAppend })
      server.log.appendNoise()
      return openOn(server.url, () => server.stop())
    }
  )
}

/** A real server, kept by whoever runs the tests; each test has a namespace of its own on it. */
const realServer = process.env.EVENTSTORE_TEST_URL
if (realServer) {
  eventStoreContract('EventStoreDB', () => openOn(realServer, async () => {}))
}
