import type pg from 'pg'
import { GroupCommit } from './group_commit.ts'

/** A row that tells which of those asked for it answers: from 1, in the order of their batch. */
export interface FoundRow {
  n: number
}

const LOOK_UPS_A_BATCH = 200
/** All who ask wait for the batch that is under way: one that got lost must not hold them up for long. */
const PATIENCE_MILLISECONDS = 5_000

/**
 * Looks things up in one statement for all who ask while another is under way: under load that is a statement for many,
 * and whoever is alone waits for nobody. `queryFor` answers at most one row for each that is wanted.
 */
export class SharedLookUp<Wanted, Found extends FoundRow> {
  readonly #batches: GroupCommit<Wanted, Found | null>

  constructor(
    pool: Pick<pg.Pool, 'query'>,
    queryFor: (wanted: Wanted[]) => pg.QueryConfig,
    patience = PATIENCE_MILLISECONDS
  ) {
    this.#batches = new GroupCommit({
      bounds: { items: LOOK_UPS_A_BATCH, weight: LOOK_UPS_A_BATCH },
      conflictKey: () => null,
      write: async (wanted) => {
        const query = { ...queryFor(wanted), query_timeout: patience }
        const { rows } = await pool.query<Found>(query)
        const byNumber = new Map(rows.map((row) => [row.n, row]))
        return wanted.map((_, index) => ({
          status: 'fulfilled',
          value: byNumber.get(index + 1) ?? null,
        }))
      },
    })
  }

  /** The row for what is wanted, or `null` when there is none. */
  find(wanted: Wanted): Promise<Found | null> {
    return this.#batches.submit(wanted, 1)
  }
}
