import { withClient } from './with_client.ts'
import { LogElsewhereError } from './eventstoredb_client.ts'

/** What part of stream names in EventStoreDB is the site's. */
export const NAMESPACE = 'picfast'

interface PlaceRow {
  position: string
  namespace: string | null
}

/**
 * Sees to it that the log is where the site is set up to have it. A log that is empty goes to EventStoreDB as it is; one
 * that is not must be brought over.
 *
 * @throws LogElsewhereError
 */
export async function requireLogPlace(options: {
  connectionString: string
  inEventStoreDb: boolean
}): Promise<void> {
  return withClient({ connectionString: options.connectionString }, async (client) => {
    await client.query('begin')
    const { rows } = await client.query<PlaceRow>(
      `select h.position, (select e.namespace from log.eventstoredb e) as namespace
       from log.head h for update of h`
    )
    const { position = '0', namespace = null } = rows[0] ?? {}
    if (namespace !== null && !options.inEventStoreDb) {
      throw new LogElsewhereError(
        'The log is in EventStoreDB: set EVENTSTORE_URL, or bring it back with events:copy'
      )
    }
    if (namespace === null && options.inEventStoreDb) {
      if (position !== '0') {
        throw new LogElsewhereError(
          'EVENTSTORE_URL is set, and the log is in PostgreSQL: bring it over with events:copy first'
        )
      }
      await client.query('select log.attach_eventstoredb($1, -1, -1)', [NAMESPACE])
    }
    await client.query('commit')
  })
}
