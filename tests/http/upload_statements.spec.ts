import { test } from '@japa/runner'
import { plainPng } from '#tests/fixtures/images'
import type { ApiClient } from '#tests/helpers/api'
import { startWebServer, type TestWebServer } from '#tests/helpers/web_server'

const ALREADY_THERE = 120
const FURTHER = 20
/** A walk through a table looks at as many rows more as there are images more. */
const MORE_ROWS = ALREADY_THERE / 2

test.group('Statements of uploads', (group) => {
  group.each.timeout(120_000)
  let server: TestWebServer
  let user: ApiClient

  group.setup(async () => {
    server = await startWebServer()
    user = await server.setUp()
    return () => server.stop()
  })

  const rowsLookedAt = async () => {
    const { pool } = server.services
    // Counts of other sessions come in when these have been idle for a second.
    await pool.query('select pg_sleep(1.5)')
    const { rows } = await pool.query<{ name: string; looked_at: string }>(
      `select schemaname || '.' || relname as name,
         coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0) as looked_at
       from pg_stat_user_tables`
    )
    return new Map(rows.map(({ name, looked_at: count }) => [name, Number(count)]))
  }

  test('look at no more rows the more images there are, while no table has statistics', async ({
    assert,
  }) => {
    const { pool } = server.services
    await pool.query(
      `do $$ declare t regclass; begin
         for t in select relid from pg_stat_user_tables where relname ~ '^(claims|budgets|images|events_.*)$'
         loop execute format('alter table %s set (autovacuum_enabled = off)', t); end loop;
       end $$`
    )
    let width = 10
    const uploadOneByOne = async () => {
      for (let number = 0; number < FURTHER; number++) {
        await user.upload(await plainPng((width += 1), 10))
      }
    }
    const rowsAnUpload = async () => {
      const before = await rowsLookedAt()
      await uploadOneByOne()
      const after = await rowsLookedAt()
      return new Map(
        [...after].map(([name, rows]) => [name, (rows - (before.get(name) ?? 0)) / FURTHER])
      )
    }
    // The first few let every connection make its plans while the tables are all but empty.
    await uploadOneByOne()
    const few = await rowsAnUpload()
    const files = await Promise.all(
      Array.from({ length: ALREADY_THERE }, () => plainPng((width += 1), 10))
    )
    await Promise.all(files.map((file) => user.upload(file)))
    const many = await rowsAnUpload()
    const more = [...many].filter(([name, rows]) => rows - (few.get(name) ?? 0) > MORE_ROWS)
    assert.deepEqual(more, [])
  })
})
