import { randomUUID } from 'node:crypto'
import pg from 'pg'
import {
  EventStoreDbEventStore,
  type EventStoreDbEventStoreOptions,
} from '#event_store/eventstoredb_event_store'
import { TEST_SITE_KEY } from '#tests/helpers/event_store'

/** A namespace that no other test has. */
export function drawNamespace(): string {
  return `test${randomUUID().replaceAll('-', '')}`
}

export async function attach(databaseUrl: string, namespace: string): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  await client.query('select log.attach_eventstoredb($1, -1, -1)', [namespace])
  await client.end()
}

export function openEventStoreDb(
  options: Pick<EventStoreDbEventStoreOptions, 'connectionString' | 'url' | 'namespace'> &
    Partial<EventStoreDbEventStoreOptions>
): EventStoreDbEventStore {
  return new EventStoreDbEventStore({ siteKey: TEST_SITE_KEY, ...options })
}
