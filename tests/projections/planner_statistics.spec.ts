import { test } from '@japa/runner'
import pg from 'pg'
import { renewStatistics } from '#projections/planner_statistics'
import { createTestDatabase } from '#tests/helpers/database'

test.group('What the planner keeps of read models', (group) => {
  let url: string
  let client: pg.Client

  group.each.setup(async () => {
    const database = await createTestDatabase()
    url = database.url
    client = new pg.Client({ connectionString: url })
    await client.connect()
    await client.query(
      `create table read.people (name text);
       create index people_lower_name on read.people (lower(name));
       insert into read.people select 'Person ' || number % 3 from generate_series(1, 90) number;
       analyze read.people`
    )
    return async () => {
      await client.end()
      await database.drop()
    }
  })

  const kept = async () => {
    const { rows } = await client.query<{ values: string }>(
      `select most_common_vals::text as values from pg_stats
       where tablename in ('people', 'people_lower_name')`
    )
    return rows.map(({ values }) => values).join()
  }

  test('holds nothing of rows that are gone', async ({ assert }) => {
    assert.include(await kept(), 'Person 1')
    await client.query(`delete from read.people where name = 'Person 1'`)
    assert.include(await kept(), 'person 1', 'PostgreSQL alone goes on with it')
    await renewStatistics(url)
    assert.notMatch(await kept(), /person 1/i)
    assert.include(await kept(), 'Person 2')
  })

  test('holds nothing of a table that was emptied', async ({ assert }) => {
    await client.query('delete from read.people')
    await client.query('analyze read.people')
    assert.include(await kept(), 'Person 1', 'PostgreSQL alone goes on with it')
    await renewStatistics(url)
    assert.equal(await kept(), '')
  })
})
