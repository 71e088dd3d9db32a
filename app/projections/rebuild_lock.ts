import type pg from 'pg'
import { ProjectionError } from './errors.ts'

/**
 * One rebuild of a read model at a time; the lock goes with the connection.
 *
 * @throws ProjectionError E_REBUILD_RUNNING
 */
export async function holdRebuildLock(client: pg.Client, projection: string): Promise<void> {
  const { rows } = await client.query<{ held: boolean }>(
    `select pg_try_advisory_lock(hashtextextended('picfast rebuild ' || $1, 0)) as held`,
    [projection]
  )
  if (rows[0]?.held !== true) {
    throw new ProjectionError('E_REBUILD_RUNNING', `"${projection}" is being rebuilt already`)
  }
}
