import { withClient } from '#event_store/with_client'
import { copySession } from './session.ts'

/** Where tables hold what people wrote, readable. */
const SCHEMAS = ['read', 'secrets']

/** Of a table without rows PostgreSQL keeps what it knew; the function is there from version 18. */
const CLEAR = `
  select pg_clear_attribute_stats(s.schemaname, s.tablename, s.attname, s.inherited)
  from pg_stats s
    join pg_class r on r.oid = format('%I.%I', s.schemaname, s.tablename)::regclass
    left join pg_index x on x.indexrelid = r.oid
  where coalesce(x.indrelid, r.oid) = $1::regclass`

/**
 * Has PostgreSQL look anew at the tables of the read models: what its planner keeps of them are values of columns, also of rows
 * that are gone. Of a large table it reads some 30,000 pages, which can take minutes on a slow disk.
 */
export async function renewStatistics(connectionString: string): Promise<void> {
  return withClient(copySession(connectionString), async (client) => {
    const { rows: tables } = await client.query<{ name: string }>(
      `select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname = any($1)`,
      [SCHEMAS]
    )
    const { rows: functions } = await client.query(
      `select from pg_proc where proname = 'pg_clear_attribute_stats'`
    )
    for (const { name } of tables) {
      await client.query(`analyze ${name}`)
      const { rowCount } = await client.query(`select from ${name} limit 1`)
      if (rowCount === 0 && functions.length > 0) {
        await client.query(CLEAR, [name])
      }
    }
  })
}
