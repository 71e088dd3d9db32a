import type pg from 'pg'
import type { EventStore } from '#event_store/port'
import type { Handlers } from '#handlers/index'
import type { ObjectStores } from '#storage/object_registry'

/** What workers work with. */
export interface WorkerPorts {
  pool: pg.Pool
  eventStore: EventStore
  handlers: Handlers
  objectStores: ObjectStores
}
