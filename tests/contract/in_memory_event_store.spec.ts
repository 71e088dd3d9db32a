import { InMemoryEventStore } from '#event_store/in_memory_event_store'
import { InMemoryKeyRing } from '#event_store/key_ring'
import { eventStoreContract } from './event_store_contract.ts'

eventStoreContract('in memory', async () => {
  const keyRing = new InMemoryKeyRing()
  const store = new InMemoryEventStore({ keyRing })
  return { store, keyRing, close: () => store.close() }
})
