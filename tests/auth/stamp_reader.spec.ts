import type pg from 'pg'
import { test } from '@japa/runner'
import { untilLeasesAreOver } from '#auth/stamp_lease'
import { StampReader } from '#auth/stamp_reader'
import { createTestDatabase } from '#tests/helpers/database'
import { openPool } from '#tests/helpers/pool'

const CHANGES = 200
const READERS = 4

test.group('Stamps', (group) => {
  group.each.timeout(60_000)
  let url: string
  let pool: pg.Pool
  let reader: StampReader

  group.setup(async () => {
    const database = await createTestDatabase()
    url = database.url
    pool = openPool(url, 2)
    reader = new StampReader(url)
    return async () => {
      await reader.close()
      await pool.end()
      await database.drop()
    }
  })

  const stamp = async (subject: number) => {
    await pool.query('select run.stamp_subjects(array[$1::bigint])', [subject])
    const { rows } = await pool.query<{ stamp: string }>(
      'select stamp from run.read_stamps where subject = $1',
      [subject]
    )
    return rows[0]?.stamp
  }

  test('are seen by the time that a change is acknowledged, however often they are read', async ({
    assert,
  }) => {
    let done = false
    const read = async () => {
      let reads = 0
      for (; !done; reads++) {
        await reader.momentOf(1)
        await reader.momentOf(2)
      }
      return reads
    }
    const write = async () => {
      for (let change = 0; change < CHANGES; change++) {
        const subject = change % 3
        const drawn = await stamp(subject)
        await untilLeasesAreOver()
        const { account, everybody } = await reader.momentOf(Math.max(1, subject))
        assert.equal(subject === 0 ? everybody : account, drawn)
      }
    }
    const [, ...reads] = await Promise.all([
      write().finally(() => (done = true)),
      ...Array.from({ length: READERS }, read),
    ])
    assert.isTrue(reads.every((count) => count > CHANGES))
  })

  test('those who come together are told together, each of their own account', async ({
    assert,
  }) => {
    const drawn = [await stamp(11), await stamp(12), null]
    await untilLeasesAreOver()
    const ids = [11, 12, 13, 11, 12, 13]
    const moments = await Promise.all(ids.map((id) => reader.momentOf(id)))

    assert.deepEqual(
      moments.map(({ account }) => account),
      [...drawn, ...drawn]
    )
  })

  test('tell the time of the database', async ({ assert }) => {
    const before = Date.now()
    const { at } = await reader.momentOf(21)
    const { at: soonAfter } = await reader.momentOf(21)

    assert.isAtLeast(at, before - 5)
    assert.isAtMost(at, Date.now() + 5)
    assert.isAtLeast(soonAfter, at)
  })

  test('are read again after the connection broke', async ({ assert }) => {
    await reader.momentOf(1)
    const { rowCount } = await pool.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where datname = current_database() and query like 'prepare read_stamps%'`
    )
    assert.equal(rowCount, 1)
    const drawn = await stamp(1)
    await untilLeasesAreOver()
    let moment = await reader.momentOf(1).catch(() => null)
    moment ??= await reader.momentOf(1)

    assert.equal(moment.account, drawn)
  })
})
