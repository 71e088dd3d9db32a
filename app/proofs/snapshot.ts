import pg from 'pg'
import { withClient } from '#event_store/with_client'

/** Two connections that see the database as it was at one moment, while the site goes on. */
export interface Snapshot {
  /** For the log itself; of no use after it was left in the middle. */
  reader: pg.Client
  /** For all else. */
  helper: pg.Client
  /** By which more connections can see the same, see `joinSnapshot`. */
  id: string
}

/** Does the work on a snapshot, and lets go of it. */
export async function withSnapshot<Result>(
  connectionString: string,
  work: (snapshot: Snapshot) => Promise<Result>
): Promise<Result> {
  return withClient({ connectionString }, (helper) =>
    withClient({ connectionString }, async (reader) => {
      try {
        await reader.query('begin isolation level repeatable read, read only')
        await holdLog(reader)
        const { rows } = await reader.query<{ id: string }>('select pg_export_snapshot() as id')
        const id = rows[0]?.id ?? ''
        await joinSnapshot(helper, id)
        return await work({ reader, helper, id })
      } finally {
        cutOff(reader)
      }
    })
  )
}

/** Has a connection see the database as others do, as long as those hold on to their snapshot. */
export async function joinSnapshot(client: pg.ClientBase, id: string): Promise<void> {
  await client.query('begin isolation level repeatable read, read only')
  await client.query(`set transaction snapshot ${pg.escapeLiteral(id)}`)
}

/**
 * Keeps partitions in their places until the transaction ends: one that is put away is not seen any more, not even by a
 * snapshot of before. To be called before the snapshot is taken.
 */
export async function holdLog(client: Pick<pg.ClientBase, 'query'>): Promise<void> {
  await client.query('lock table log.events in access share mode')
}

/** What PostgreSQL still has to send is not waited for. */
function cutOff(client: pg.Client): void {
  client.connection.stream.destroy()
}
