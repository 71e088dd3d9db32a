import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { test } from '@japa/runner'
import { parse } from 'yaml'
import { reportHealth } from '#http/health'
import type { ApiClient } from '#tests/helpers/api'
import { waitFor } from '#tests/helpers/wait_for'
import { startWebServer, type TestWebServer } from '#tests/helpers/web_server'

test.group('The system', (group) => {
  group.each.timeout(60_000)
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
    const shown = bytes.toString()

    assert.match(
      shown,
      /request_duration_seconds_count\{[^}]*route="\/api\/v1\/albums\/:id"[^}]*\} 1/
    )
    assert.include(shown, 'picfast_uploads_total 0')
    assert.match(shown, /picfast_projection_lag_events\{projection="images"\} \d+/)
    assert.include(shown, 'picfast_jobs{queue="thumbnails",state="owed"} 0')
    assert.include(shown, 'nodejs_eventloop_lag_seconds')
  })

  test('measures all that is unknown under one name', async ({ assert }) => {
    for (let number = 0; number < 20; number++) {
      await api.get(`/wp-admin/${number}`)
    }
    for (const method of ['PROPFIND', 'MKCOL', 'SEARCH', 'REPORT']) {
      await api.send(method, '/health')
    }
    const { bytes } = await api.get('/metrics')
    const series = bytes
      .toString()
      .split('\n')
      .filter((line) => line.startsWith('picfast_http_request_duration_seconds_count'))

    assert.lengthOf(
      series.filter((line) => line.includes('wp-admin')),
      0
    )
    assert.includeMembers(series, [
      'picfast_http_request_duration_seconds_count{method="GET",route="none",code="404"} 20',
      'picfast_http_request_duration_seconds_count{method="other",route="none",code="405"} 4',
    ])
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

  test('finishes what it has in hand before it ends', async ({ assert }) => {
    const other = await startWebServer()
    const admin = await other.setUp()
    const body = JSON.stringify({ name: 'the last one' })
    const { port, hostname } = new URL(other.api.url)
    const socket = connect(Number(port), hostname)
    const answered = text(socket)
    const ended = new Promise((resolve) => other.process.once('exit', resolve))
    socket.write(
      `POST /api/v1/albums HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${admin.token}\r\n` +
        `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body.slice(0, 5)}`
    )
    await waitFor(async () => (await other.api.get('/health')).status === 200, {
      what: 'the server to have read what was sent before',
    })
    other.process.kill('SIGTERM')
    await waitFor(
      () =>
        fetch(`${other.api.url}/health`).then(
          () => false,
          () => true
        ),
      {
        what: 'the server to take no more connections',
      }
    )
    socket.write(body.slice(5))

    assert.match(await answered, /^HTTP\/1\.1 201 [^]*^connection: close\r$/im)
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

test.group('The system in trouble', (group) => {
  group.each.timeout(60_000)
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
