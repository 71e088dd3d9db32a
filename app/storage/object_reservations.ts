import type pg from 'pg'
import { GroupCommit } from '#event_store/group_commit'
import { SharedLookUp, type FoundRow } from '#event_store/shared_look_up'

/** A name in a strategy. */
export interface ObjectName {
  strategyId: number
  objectKey: string
}

/** What came of asking for a name. */
export type Reservation = 'reserved' | 'taken' | 'stored'

interface WantedName extends ObjectName {
  /** What the log knows the bytes by in their strategy. */
  storedBytes: string
}

interface ReservedRow extends FoundRow {
  outcome: Reservation
}

const RELEASES_A_BATCH = 200
/** Nobody waits for a name to be given up, so that many go together. */
const RELEASE_LINGER_MILLISECONDS = 20

/**
 * Names of objects that are being stored, in `run.object_reservations`. Nobody else writes under a reserved name, and a
 * name that the log knows cannot be reserved any more.
 */
export class ObjectReservations {
  readonly #pool: pg.Pool
  readonly #reserved: SharedLookUp<WantedName, ReservedRow>
  readonly #released: GroupCommit<ObjectName, undefined>

  constructor(pool: pg.Pool) {
    this.#pool = pool
    this.#reserved = new SharedLookUp(pool, (names) => ({
      name: 'reserve_objects',
      // In one order, so that two processes that want the same names do not wait for each other.
      text: `select w.n::integer,
               case when w.is_stored then 'stored'
                 when run.reserve_object(w.strategy_id, w.object_key) then 'reserved'
                 else 'taken' end as outcome
             from (
               select *, (
                 select true from log.claims c
                 where c.scope = 'stored_object' and c.value = u.bytes limit 1) as is_stored
               from unnest($1::bigint[], $2::text[], $3::text[])
                 with ordinality as u(strategy_id, object_key, bytes, n)
               order by strategy_id, object_key collate "C", n offset 0) as w`,
      values: [...columnsOf(names), names.map(({ storedBytes }) => storedBytes)],
    }))
    this.#released = new GroupCommit({
      bounds: { items: RELEASES_A_BATCH, weight: RELEASES_A_BATCH },
      conflictKey: () => null,
      lingerMs: RELEASE_LINGER_MILLISECONDS,
      write: async (names) => {
        await this.#release(names)
        return names.map(() => ({ status: 'fulfilled', value: undefined }))
      },
    })
  }

  /**
   * Makes a name the caller's from now on, unless it is taken, or the bytes are stored in that strategy already: then
   * there is nothing to store.
   */
  async reserve(name: WantedName): Promise<Reservation> {
    return (await this.#reserved.find(name))?.outcome ?? 'taken'
  }

  /** Gives the name up. What of this is lost with the server is found out as of work that broke off. */
  async release(name: ObjectName): Promise<void> {
    await this.#released.submit(name, 1)
  }

  async #release(names: readonly ObjectName[]): Promise<void> {
    await this.#pool.query({
      name: 'release_objects',
      text: `with released as (
               delete from run.object_reservations r
               using unnest($1::bigint[], $2::text[]) as w(strategy_id, object_key)
               where r.strategy_id = w.strategy_id and r.object_key = w.object_key)
             select set_config('synchronous_commit', 'off', true)`,
      values: columnsOf(names),
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

function columnsOf(names: readonly ObjectName[]): [strategies: number[], keys: string[]] {
  return [names.map(({ strategyId }) => strategyId), names.map(({ objectKey }) => objectKey)]
}
