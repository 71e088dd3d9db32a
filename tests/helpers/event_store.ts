import { withClient } from '#event_store/with_client'
import {
  PostgresEventStore,
  type PostgresEventStoreOptions,
} from '#event_store/postgres_event_store'

export const TEST_SITE_KEY = 'a key for tests only, 32 characters'

/** The event store on a test database; the caller closes it. */
export function openTestStore(
  url: string,
  options: Pick<PostgresEventStoreOptions, 'layoutKept' | 'archives'> = {}
): PostgresEventStore {
  return new PostgresEventStore({ connectionString: url, siteKey: TEST_SITE_KEY, ...options })
}

/** Begins the log of a test database anew, in partitions of so many positions; there must be no events. */
export async function partitionLog(url: string, size: number): Promise<void> {
  return withClient({ connectionString: url }, async (client) => {
    await client.query('update log.head set partition_size = $1', [size])
    await client.query('select log.lay_out(0, 0)')
  })
}

/** Spreads what a test's log has over partitions of so many positions. Nothing may be appended meanwhile. */
export async function repartitionLog(url: string, size: number): Promise<void> {
  return withClient({ connectionString: url }, async (client) => {
    await client.query('begin')
    await client.query('create temporary table kept on commit drop as select * from log.events')
    await client.query('update log.head set partition_size = $1', [size])
    await client.query('select log.lay_out(0, (select position from log.head))')
    await client.query('insert into log.events select * from kept order by position')
    await client.query('commit')
  })
}
