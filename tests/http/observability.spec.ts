import { test } from '@japa/runner'
import { QUEUES } from '#jobs/queues'
import { projections } from '#projections/registry'
import { plainPng } from '#tests/fixtures/images'
import type { ApiClient } from '#tests/helpers/api'
import { testRedisUrl } from '#tests/helpers/redis'
import { waitFor } from '#tests/helpers/wait_for'
import { startWebServer, type TestWebServer } from '#tests/helpers/web_server'

const SUMMARY = '/api/v1/admin/observability/summary'

interface SummaryJson {
  uptime_seconds: number
  health: { status: string; redis: string } | null
  runtime: { pid: number; version: string }
  database: { event_log_position: number; pools: { pool: string }[] } | null
  usage: { users: number; images: number; albums: number; stored_bytes: number } | null
  storage_strategies: { id: number; ok: boolean }[] | null
  queues: { name: string; owed: number; redis: { waiting: number } | null }[] | null
  projections: { name: string; lag_events: number }[] | null
  config: Record<string, unknown>
}

test.group('The summary for administrators', (group) => {
  group.each.timeout(60_000)
  let server: TestWebServer
  let admin: ApiClient

  group.setup(async () => {
    server = await startWebServer({
      METRICS_TOKEN: 'metrics-secret-of-the-test',
      SMTP_HOST: 'smtp.example.org',
      SMTP_USERNAME: 'picfast',
      SMTP_PASSWORD: 'smtp-secret-of-the-test',
      MAIL_FROM: 'picfast@example.org',
    })
    admin = await server.setUp()
    return () => server.stop()
  })

  test('tells how every part does', async ({ assert }) => {
    const { data: image } = await admin.upload(await plainPng())
    await admin.post('/api/v1/albums', { json: { name: 'Summer' } })
    const summary = await waitFor(
      async () => {
        const { data } = await admin.get<SummaryJson>(SUMMARY)
        return data.projections?.every(({ lag_events: lag }) => lag === 0) ? data : null
      },
      { what: 'read models at the head of the log' }
    )

    assert.equal(summary.health?.status, 'ok')
    assert.equal(summary.runtime.pid, server.process.pid)
    assert.isAbove(summary.database?.event_log_position ?? 0, 0)
    assert.includeMembers(summary.database?.pools.map(({ pool }) => pool) ?? [], [
      'secrets',
      'event_log',
      'queries',
    ])
    assert.containsSubset(summary.usage, {
      users: 1,
      images: 1,
      albums: 1,
      stored_bytes: image.size_bytes,
    })
    assert.containsSubset(summary.storage_strategies, [{ id: image.strategy_id, ok: true }])
    assert.deepEqual(
      summary.queues?.map(({ name }) => name),
      [...QUEUES]
    )
    assert.isTrue(summary.queues?.every(({ redis }) => redis !== null))
    assert.sameMembers(
      summary.projections?.map(({ name }) => name) ?? [],
      projections.map(({ name }) => name)
    )
    assert.containsSubset(summary.config, { mail_configured: true, metrics_protected: true })
  })

  test('holds no secret', async ({ assert }) => {
    const { bytes } = await admin.get(SUMMARY)
    const shown = bytes.toString()
    const { appKey, databaseUrl, dataDir } = server.services.config
    const secrets = [appKey, databaseUrl, new URL(databaseUrl).password, testRedisUrl(), dataDir]

    for (const secret of [...secrets, 'secret-of-the-test'].filter((one) => one !== '')) {
      assert.notInclude(shown, secret)
    }
  })

  test('is for administrators who signed in', async ({ assert }) => {
    const user = await server.addUser('user@example.org')

    assert.equal((await user.get(SUMMARY)).status, 403)
    assert.equal((await server.api.get(SUMMARY)).status, 401)
  })
})

test.group('The summary in trouble', (group) => {
  group.each.timeout(60_000)

  test('leaves out what cannot be read', async ({ assert }) => {
    const server = await startWebServer({ REDIS_URL: 'redis://127.0.0.1:1' })
    try {
      const admin = await server.setUp()
      const { status, data } = await admin.get<SummaryJson>(SUMMARY)

      assert.equal(status, 200)
      assert.containsSubset(data.health, { status: 'degraded', redis: 'down' })
      assert.isTrue(data.queues?.every(({ redis }) => redis === null))
      assert.equal(data.usage?.users, 1)
    } finally {
      await server.stop()
    }
  })
})
