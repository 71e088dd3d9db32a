import { GroupCommit } from '#event_store/group_commit'
import { PostgresConnection } from '#event_store/postgres_connection'
import type { ReadMoment } from './identity.ts'

interface StampRow {
  subject: string
  stamp: string
  at: number
}

/** Whose rows are everybody's; see `app/projections/stamps.ts`. */
const EVERYBODY = 0
const ACCOUNTS_A_BATCH = 500
/** All who ask wait for the batch that is under way: one that got lost must not hold them up for long. */
const PATIENCE_MILLISECONDS = 5_000

/**
 * Tells what is stamped now. Those who ask while a look is under way share the next one, so that one connection is enough,
 * and to have it at hand costs less than to take one of a pool each time.
 */
export class StampReader {
  readonly #connection: PostgresConnection
  readonly #looks: GroupCommit<number, ReadMoment>

  constructor(connectionString: string) {
    this.#connection = new PostgresConnection({
      connectionString,
      connectionTimeoutMillis: PATIENCE_MILLISECONDS,
      query_timeout: PATIENCE_MILLISECONDS,
      keepAlive: true,
    })
    this.#looks = new GroupCommit({
      bounds: { items: ACCOUNTS_A_BATCH, weight: ACCOUNTS_A_BATCH },
      conflictKey: () => null,
      write: (accountIds) => this.#look(accountIds),
    })
  }

  momentOf(accountId: number): Promise<ReadMoment> {
    return this.#looks.submit(accountId, 1)
  }

  close(): Promise<void> {
    return this.#connection.close()
  }

  async #look(accountIds: number[]): Promise<Array<PromiseSettledResult<ReadMoment>>> {
    const rows = await this.#read([EVERYBODY, ...new Set(accountIds)])
    const stamps = new Map(rows.map(({ subject, stamp }) => [Number(subject), stamp]))
    const everybody = stamps.get(EVERYBODY) ?? null
    const at = rows[0]?.at ?? Number.NaN
    return accountIds.map((accountId) => ({
      status: 'fulfilled',
      value: { account: stamps.get(accountId) ?? null, everybody, at },
    }))
  }
  async #read(subjects: number[]): Promise<StampRow[]> {
    const client = await this.#connection.client()
    try {
      const { rows } = await client.query<StampRow>({
        name: 'read_stamps',
        text: `select subject, stamp, extract(epoch from now())::float8 * 1000 as at
               from run.read_stamps where subject = any($1::bigint[])`,
        values: [subjects],
      })
      return rows
    } catch (error) {
      void this.#connection.discard()
      throw error
    }
  }
}
