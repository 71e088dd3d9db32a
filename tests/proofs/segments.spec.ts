import { test } from '@japa/runner'
import type { VerifyOptions } from '#proofs/verify_log'
import { SegmentThread } from '#proofs/thread_hand'
import { TamperedLog } from './tampered_log.ts'

/** 31 events: 1 to 8, 9 to 16, 17 to 24 and 25 to 31. */
const SEGMENTS = { segmentEvents: 8 }
const WAYS: ReadonlyArray<{ title: string; options: Partial<VerifyOptions> }> = [
  { title: 'in one piece', options: { threads: 1, segmentEvents: 100 } },
  { title: 'in segments', options: { threads: 1, ...SEGMENTS } },
  { title: 'in threads', options: { threads: 3, ...SEGMENTS } },
]

const changed = (position: number) =>
  `update log.events set data = (data::text || ' ')::json where position = ${position};`
const removed = (position: number) => `delete from log.events where position = ${position};`
const copied = (position: number) => `
  insert into log.events select ${position}, 'image-99', 1, gen_random_uuid(), type, schema_version, data, metadata,
  recorded_at, hash from log.events where position = 3;`

interface Tampering {
  title: string
  sql?: string
  act?: (log: TamperedLog) => Promise<void>
  kind: string
  position: number
}

const TAMPERINGS: readonly Tampering[] = [
  { title: 'the last of a segment changed', sql: changed(8), kind: 'changed', position: 8 },
  { title: 'the first of a segment changed', sql: changed(9), kind: 'changed', position: 9 },
  { title: 'the last of a segment removed', sql: removed(16), kind: 'removed', position: 16 },
  { title: 'the first of a segment removed', sql: removed(17), kind: 'removed', position: 17 },
  {
    title: 'both sides of a boundary removed',
    sql: removed(16) + removed(17),
    kind: 'removed',
    position: 16,
  },
  {
    title: 'a whole segment removed',
    sql: 'delete from log.events where position between 9 and 16',
    kind: 'removed',
    position: 9,
  },
  {
    title: 'the hash at a boundary exchanged',
    sql: `update log.events set hash = sha256('x') where position = 24`,
    kind: 'changed',
    position: 24,
  },
  {
    title: 'the hash at a boundary taken away',
    sql: `update log.events set hash = '' where position = 24`,
    kind: 'changed',
    position: 24,
  },
  {
    title: 'one removed at a boundary, and those after renumbered',
    act: async (log) => {
      await log.client.query(removed(16))
      await log.renumber(17, -1)
    },
    kind: 'removed',
    position: 16,
  },
  {
    title: 'one put in at a boundary, and those after renumbered',
    act: async (log) => {
      await log.renumber(9, 1)
      await log.client.query(copied(9))
    },
    kind: 'inserted',
    position: 9,
  },
  {
    title: 'the last of a segment rewritten with a hash that fits',
    act: async (log) => {
      await log.client.query(changed(8))
      await log.rehash(8, 8)
    },
    kind: 'changed',
    position: 9,
  },
  {
    title: 'the first of a segment rewritten with a hash that fits',
    act: async (log) => {
      await log.client.query(changed(9))
      await log.rehash(9, 9)
    },
    kind: 'changed',
    position: 10,
  },
  {
    title: 'several segments, of which the first counts',
    sql: changed(30) + removed(20) + changed(12),
    kind: 'changed',
    position: 12,
  },
  {
    title: 'a payload without sense before a break',
    act: async (log) => {
      await log.client.query(`update log.events set data = '{"x":1}' where position = 5`)
      await log.rehash(5, 5)
    },
    kind: 'changed',
    position: 5,
  },
  {
    title: 'an account without sense before another payload without any',
    act: async (log) => {
      await log.client.query(`update log.events set data = '{"x":1}' where position in (2, 3)`)
      await log.rehash(2, 31)
      await log.rehead()
    },
    kind: 'changed',
    position: 2,
  },
  {
    title: 'a claim taken away',
    sql: `delete from log.claims where value = 'k000003'`,
    kind: 'claim',
    position: 7,
  },
  {
    title: 'an address taken away',
    sql: `delete from log.claims where scope = 'email' and stream = 'account-2'`,
    kind: 'claim',
    position: 31,
  },
  {
    title: 'a budget made smaller',
    sql: `update log.budgets set used = used - 1 where scope = 'account_bytes:2'`,
    kind: 'budget',
    position: 26,
  },
]

test.group('Proofs | segments of a log', (group) => {
  let log: TamperedLog

  group.setup(async () => {
    log = await TamperedLog.create()
    return () => log.close()
  })
  group.each.teardown(() => log.restore())
  group.each.timeout(60_000)

  test('a sound log is sound {title}')
    .with([...WAYS])
    .run(async ({ assert }, { options }) => {
      const seen: number[] = []
      const report = await log.verify({ ...options, progress: (done) => seen.push(done) })
      assert.deepInclude(report, { sound: true, faults: [], guardsChecked: true, position: 31 })
      assert.equal(report.hash, (await log.store.head()).hash)
      assert.deepEqual(
        seen,
        seen.toSorted((one, other) => one - other)
      )
      assert.equal(seen.at(-1), 31)
    })

  test('the first wrong event is named however the log is cut up: {title}')
    .with([...TAMPERINGS])
    .run(async ({ assert }, { sql, act, kind, position }) => {
      if (sql !== undefined) {
        await log.client.query(sql)
      }
      await act?.(log)
      const reports = await Promise.all(WAYS.map(({ options }) => log.verify(options)))
      for (const { faults } of reports) {
        assert.deepInclude(faults[0], { kind, position }, JSON.stringify(faults))
        assert.deepEqual(faults, reports[0]?.faults)
      }
    })

  test('a row before the first event is seen in a log that is empty', async ({ assert }) => {
    await log.client.query(`
      delete from log.events; delete from log.claims; delete from log.budgets; delete from log.commands;
      insert into log.events select 0, stream, version, id, type, schema_version, data, metadata, recorded_at, hash
      from kept.events where position = 1;
      update log.head set position = 0, hash = sha256('picfast'::bytea)`)
    const { faults } = await log.verify()
    assert.deepInclude(faults[0], { kind: 'inserted', position: 0 })
  })

  test('a trusted point within a segment is gone on from', async ({ assert }) => {
    const [trusted] = await log.store.readStored({ after: 10, limit: 1 })
    assert.exists(trusted)
    await log.client.query(changed(5))
    const options = { ...SEGMENTS, threads: 2, from: trusted }
    assert.isTrue((await log.verify(options)).sound)
    await log.client.query(changed(12))
    assert.equal((await log.verify(options)).faults[0]?.position, 12)
  })

  test('a thread that cannot begin is told of, and does not keep anyone waiting', async ({
    assert,
    cleanup,
  }) => {
    const thread = new SegmentThread({
      connectionString: log.url,
      snapshot: 'of another day',
      seed: null,
      keepsHashes: false,
    })
    cleanup(() => thread.end())
    const order = () => thread.perform({ kind: 'sums' })
    await assert.rejects(order, /snapshot/)
    await assert.rejects(order, /snapshot/)
  })
})
