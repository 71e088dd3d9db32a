import { createTestDatabase } from '#tests/helpers/database'
import { openTestStore } from '#tests/helpers/event_store'
import { eventStoreContract } from './event_store_contract.ts'

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
