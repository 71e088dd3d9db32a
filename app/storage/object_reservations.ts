import type pg from 'pg'

/** A name in a strategy. */
export interface ObjectName {
  strategyId: number
  objectKey: string
}

/**
 * Names of objects that are being stored, in `run.object_reservations`. Nobody else writes under a reserved name, and a
 * name that the log knows cannot be reserved any more.
 */
export class ObjectReservations {
  readonly #pool: pg.Pool

  constructor(pool: pg.Pool) {
    this.#pool = pool
  }

  /** Whether the name is the caller's from now on. */
  async reserve({ strategyId, objectKey }: ObjectName): Promise<boolean> {
    const { rows } = await this.#pool.query<{ reserved: boolean }>({
      name: 'reserve_object',
      text: 'select run.reserve_object($1, $2) as reserved',
      values: [strategyId, objectKey],
    })
    return rows[0]?.reserved === true
  }

  /** Gives the name up. What of this is lost with the server is found out as of work that broke off. */
  async release({ strategyId, objectKey }: ObjectName): Promise<void> {
    await this.#pool.query({
      name: 'release_object',
      text: `with released as (
               delete from run.object_reservations where strategy_id = $1 and object_key = $2)
             select set_config('synchronous_commit', 'off', true)`,
      values: [strategyId, objectKey],
    })
  }

  /** Those that were never given up, by work that broke off; at most so many. */
  async leftBehind(olderThanMs: number, limit: number): Promise<ObjectName[]> {
    const { rows } = await this.#pool.query<{ strategy_id: string; object_key: string }>({
      name: 'objects_left_behind',
      text: `select strategy_id, object_key from run.object_reservations
             where reserved_at < $1 order by reserved_at limit $2`,
      values: [new Date(Date.now() - olderThanMs), limit],
    })
    return rows.map((row) => ({
      strategyId: Number(row.strategy_id),
      objectKey: row.object_key,
    }))
  }
}
