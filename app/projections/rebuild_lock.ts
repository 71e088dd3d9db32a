import type pg from 'pg'

export type RebuildErrorCode =
  'E_REBUILD_RUNNING' | 'E_NOTHING_TO_ROLL_BACK' | 'E_NOT_INSTALLED' | 'E_SWITCH_BLOCKED'

export class RebuildError extends Error {
  override name = 'RebuildError'
  readonly code: RebuildErrorCode

  constructor(code: RebuildErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/**
 * One rebuild of a read model at a time; the lock goes with the connection.
 *
 * @throws RebuildError E_REBUILD_RUNNING
 */
export async function holdRebuildLock(client: pg.Client, projection: string): Promise<void> {
  const { rows } = await client.query<{ held: boolean }>(
    `select pg_try_advisory_lock(hashtextextended('picfast rebuild ' || $1, 0)) as held`,
    [projection]
  )
  if (rows[0]?.held !== true) {
    throw new RebuildError('E_REBUILD_RUNNING', `"${projection}" is being rebuilt already`)
  }
}
