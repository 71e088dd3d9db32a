import { test } from '@japa/runner'
import pg from 'pg'
import { createTestDatabase } from '#tests/helpers/database'

/** Much by one account, and two events of a rare type among it. */
const MUCH = `
  insert into run.event_origins (position, account_id, request, type)
  select n, case when n % 3 = 0 then n % 50 + 2 else 1 end, n,
    case when n in (1000, 2000) then 'site.settings_changed'
      when n % 2 = 0 then 'image.uploaded' else 'image.thumbnail_generated' end
  from generate_series(1, 50000) n`

const pageOf = (type: string) => `
  select position from run.event_origins
  where position >= 1 and type = '${type}' and account_id = 1 order by position desc limit 50`

test.group('Origins of events', (group) => {
  group.each.timeout(120_000)

  test('what an account did of a type is found by an index, rare or not: {$self}')
    .with(['site.settings_changed', 'image.uploaded'])
    .run(async ({ assert, cleanup }, type) => {
      const database = await createTestDatabase()
      const client = new pg.Client({ connectionString: database.url })
      await client.connect()
      cleanup(async () => {
        await client.end()
        await database.drop()
      })
      await client.query(MUCH)
      await client.query('vacuum analyze run.event_origins')

      const { rows } = await client.query<{ 'QUERY PLAN': string }>(
        `explain (analyze, buffers off, timing off) ${pageOf(type)}`
      )
      const plan = rows.map((row) => row['QUERY PLAN']).join('\n')
      assert.include(plan, 'event_origins_account_type')
      assert.notMatch(plan, /Seq Scan|Rows Removed/)
    })
})
