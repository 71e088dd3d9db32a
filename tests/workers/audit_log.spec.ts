import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { test } from '@japa/runner'
import { projections } from '#projections/registry'
import { openStage, type Stage } from '#tests/projections/stage'
import { TEST_SITE_KEY } from '#tests/helpers/event_store'
import { uploaded } from '#tests/helpers/events'
import { rebuildAuditLog } from '#workers/audit_rebuild'
import { AuditRetention } from '#workers/audit_retention'
import { AuditWorker } from '#workers/audit_worker'
import { AUDIT_CASES } from './audit_cases.ts'

const runFile = promisify(execFile)
const ACE = fileURLToPath(new URL('../../ace.js', import.meta.url))

const SITE_SETTINGS = projections.filter(({ name }) => name === 'site_settings')

async function work({ pool, store }: Stage): Promise<void> {
  const events = await store.readAll({ after: 0, limit: 1_000 })
  await new AuditWorker({ pool, eventStore: store }).process(
    events.map(({ id, position }) => ({
      reactionKey: `audit-${randomUUID()}`,
      eventId: id,
      eventPosition: position,
      attempt: 1,
      payload: {},
    }))
  )
}

async function keepDays(stage: Stage, days: number): Promise<void> {
  const position = await stage.append({
    type: 'site.settings_changed',
    data: { changes: { audit_log_retention_days: days } },
  })
  await stage.reached(position)
}

test.group('Audit log', (group) => {
  group.each.timeout(30_000)

  test('a rebuild comes to the same rows, and takes out what does not belong', async ({
    assert,
    test: self,
  }) => {
    const stage = await openStage(self, SITE_SETTINGS)
    for (const { events } of Object.values(AUDIT_CASES)) {
      await stage.append(...events)
    }
    await work(stage)
    const rows = await stage.rows('read.audit_logs')
    assert.isAbove(rows.length, 50)

    await work(stage)
    assert.deepEqual(await stage.rows('read.audit_logs'), rows, 'work done twice')

    await stage.pool.query(`update read.audit_logs set action = 'wrong', earlier = '{}'`)
    await stage.pool.query('delete from read.audit_logs where id % 3 = 0')
    const seen: number[] = []
    const { store: eventStore, pool } = stage
    const written = await rebuildAuditLog({
      pool,
      eventStore,
      progress: (position) => seen.push(position),
    })
    assert.deepEqual(await stage.rows('read.audit_logs'), rows)
    assert.equal(written, rows.length)
    assert.equal(seen.at(-1), (await eventStore.head()).position)
  })

  test('audit:rebuild says what it wrote', async ({ assert, test: self }) => {
    const stage = await openStage(self, SITE_SETTINGS)
    await stage.append(uploaded(1), uploaded(2), uploaded(3))
    const { stdout, stderr } = await runFile(process.execPath, [ACE, 'audit:rebuild'], {
      env: {
        ...process.env,
        NODE_ENV: 'test',
        DATABASE_URL: stage.url,
        REDIS_URL: 'redis://127.0.0.1:1',
        APP_KEY: TEST_SITE_KEY,
      },
    })
    assert.include(stdout, '3 entries were written')
    assert.include(stderr, '3/3 events')
    assert.lengthOf(await stage.rows('read.audit_logs'), 3)
  })

  test('a long log is rebuilt in pages', async ({ assert, test: self }) => {
    const stage = await openStage(self, SITE_SETTINGS)
    const { store: eventStore, pool } = stage
    await Promise.all(
      Array.from({ length: 1_200 }, (_, index) => stage.append(uploaded(index + 1)))
    )
    const seen: number[] = []
    const written = await rebuildAuditLog({
      pool,
      eventStore,
      progress: (position) => seen.push(position),
    })
    assert.equal(written, 1_200)
    assert.deepEqual(seen, [1_000, 1_200])
  })

  test('entries go when they are older than the site keeps them', async ({
    assert,
    test: self,
  }) => {
    const stage = await openStage(self, SITE_SETTINGS)
    stage.run()
    await stage.append(uploaded(1), uploaded(2))
    await work(stage)
    await stage.pool.query(
      `update read.audit_logs set created_at = now() - interval '8 days' where id = 1`
    )
    const retention = new AuditRetention(stage, () => {})
    const ids = async () => (await stage.rows('read.audit_logs')).map(({ id }) => id)

    await retention.sweep()
    assert.deepEqual(await ids(), [1, 2], 'all are kept unless told')
    await keepDays(stage, 9)
    await retention.sweep()
    assert.deepEqual(await ids(), [1, 2])
    await keepDays(stage, 7)
    await retention.sweep()
    assert.deepEqual(await ids(), [2])
    assert.lengthOf(await stage.store.readStream('image-1'), 1, 'the event log keeps all')
  })

  test('a rebuild does not bring back what is past its time', async ({ assert, test: self }) => {
    const stage = await openStage(self, SITE_SETTINGS)
    stage.run()
    await stage.append(uploaded(1))
    await keepDays(stage, 1)
    const dayLater = Date.now() + 24 * 60 * 60 * 1000 + 1_000
    const { store: eventStore, pool } = stage
    const rebuild = (now?: Date) =>
      rebuildAuditLog({ pool, eventStore, progress: () => {}, ...(now && { now }) })

    assert.equal(await rebuild(), 2)
    assert.equal(await rebuild(new Date(dayLater)), 0)
    assert.deepEqual(await stage.rows('read.audit_logs'), [])
  })
})
