import { PostgresEventStore } from '#event_store/postgres_event_store'

export const TEST_SITE_KEY = 'a key for tests only, 32 characters'

/** The event store on a test database; the caller closes it. */
export function openTestStore(url: string): PostgresEventStore {
  return new PostgresEventStore({ connectionString: url, siteKey: TEST_SITE_KEY })
}
