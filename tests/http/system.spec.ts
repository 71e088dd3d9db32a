import { test } from '@japa/runner'
import { parse } from 'yaml'
import { reportHealth } from '#http/health'
import type { ApiClient } from '#tests/helpers/api'
import { startWebServer, type TestWebServer } from '#tests/helpers/web_server'

test.group('The system', (group) => {
  let server: TestWebServer
  let api: ApiClient

  group.setup(async () => {
    server = await startWebServer({
      BUILD_COMMIT: '2d0da4f1c9f0e4a6b1f3b8ad5a3fcb7a9d2c1e55',
      BUILD_TIME: '2025-11-23T21:25:00Z',
    })
    api = server.api
    return () => server.stop()
  })

  const bodyOf = ({ bytes }: { bytes: Buffer }): Record<string, unknown> =>
    JSON.parse(bytes.toString())

  test('is well', async ({ assert }) => {
    const answer = await api.get('/health')

    assert.equal(answer.status, 200)
    assert.containsSubset(bodyOf(answer), {
      status: 'ok',
      database: 'ok',
      storage: 'ok',
      redis: 'ok',
      event_store: 'ok',
    })
  })

  test('says what it is', async ({ assert }) => {
    const { data } = await api.get<Record<string, unknown>>('/api/v1/version')

    assert.equal(data['commit'], '2d0da4f1c9f0e4a6b1f3b8ad5a3fcb7a9d2c1e55')
    assert.equal(data['build_time'], '2025-11-23T21:25:00.000Z')
  })

  test('measures its requests by route', async ({ assert }) => {
    await api.delete('/api/v1/albums/7')
    const { bytes } = await api.get('/metrics')
    const text = bytes.toString()

    assert.match(
      text,
      /request_duration_seconds_count\{[^}]*route="\/api\/v1\/albums\/:id"[^}]*\} 1/
    )
    assert.include(text, 'picfast_uploads_total 0')
    assert.match(text, /picfast_projection_lag_events\{projection="images"\} \d+/)
    assert.include(text, 'nodejs_eventloop_lag_seconds')
  })

  test('serves its document with its own address', async ({ assert }) => {
    const json = bodyOf(await api.get('/openapi.json'))
    const yaml: unknown = parse((await api.get('/openapi.yaml')).bytes.toString())

    assert.deepEqual(json['servers'], [{ url: api.url, description: 'This server' }])
    assert.deepEqual(yaml, json)
  })

  test('ends cleanly when it is told to', async ({ assert }) => {
    const other = await startWebServer()
    const ended = new Promise((resolve) => other.process.once('exit', resolve))
    other.process.kill('SIGTERM')

    assert.equal(await ended, 0)
    await other.stop()
  })

  test('ends when the one who started it is gone', async ({ assert }) => {
    const other = await startWebServer()
    const ended = new Promise((resolve) => other.process.once('exit', resolve))
    other.process.disconnect()

    assert.equal(await ended, 0)
    await other.stop()
  })
})

test.group('The system in trouble', () => {
  const fine = async () => {}
  const slow = () => new Promise<never>(() => {})

  test('is degraded when {$self} is down')
    .with(['database', 'storage', 'redis', 'eventStore'] as const)
    .run(async ({ assert }, name) => {
      const checks = { database: fine, storage: fine, redis: fine, eventStore: fine }
      const refusing = async () => {
        throw new Error('down')
      }
      const failed = await reportHealth({ ...checks, [name]: refusing })
      const late = await reportHealth({ ...checks, [name]: slow }, 20)

      for (const report of [failed, late]) {
        assert.equal(report.status, 'degraded')
        const conditions = [report.database, report.storage, report.redis, report.event_store]
        assert.lengthOf(
          conditions.filter((condition) => condition === 'down'),
          1
        )
      }
    })

  test('says so with 503', async ({ assert }) => {
    const server = await startWebServer({ REDIS_URL: 'redis://127.0.0.1:1' })
    try {
      const { status, bytes } = await server.api.get('/health')
      assert.equal(status, 503)
      assert.containsSubset(JSON.parse(bytes.toString()), { status: 'degraded', redis: 'down' })
    } finally {
      await server.stop()
    }
  })

  test('shows its measurements to who has the secret', async ({ assert }) => {
    const server = await startWebServer({ METRICS_TOKEN: 'a-secret-for-tests' })
    try {
      assert.equal((await server.api.get('/metrics')).status, 401)
      assert.equal((await server.api.as('another').get('/metrics')).status, 401)
      assert.equal((await server.api.as('a-secret-for-tests').get('/metrics')).status, 200)
    } finally {
      await server.stop()
    }
  })
})
