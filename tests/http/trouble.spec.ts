import pg from 'pg'
import { test } from '@japa/runner'
import { plainPng } from '#tests/fixtures/images'
import type { AlbumJson, ApiClient, ImageJson, NewApiTokenJson } from '#tests/helpers/api'
import { waitFor } from '#tests/helpers/wait_for'
import { startWebServer, type TestWebServer } from '#tests/helpers/web_server'

test.group('With read models that lag', (group) => {
  let server: TestWebServer
  let admin: ApiClient

  group.setup(async () => {
    server = await startWebServer()
    admin = await server.setUp()
    return () => server.stop()
  })

  test('what was written is answered from the events', async ({ assert }) => {
    const image = (await admin.upload(await plainPng(), 'first.png')).data
    const album = (await admin.post<AlbumJson>('/api/v1/albums', { json: { name: 'A' } })).data
    await server.pauseReadModels()

    const upload = await admin.upload(await plainPng(), 'late.png', { expires_in: '24h' })
    const change = await admin.patch<ImageJson>(`/api/v1/images/${image.key}`, {
      json: { album_id: album.id, permission: 0, expires_in: '7d' },
    })
    const renamed = await admin.put<AlbumJson>(`/api/v1/albums/${album.id}`, {
      json: { name: 'B' },
    })
    const made = await admin.post<AlbumJson>('/api/v1/albums', { json: { name: 'C' } })
    const token = await admin.post<NewApiTokenJson>('/api/v1/api-tokens', { json: { name: 'T' } })
    const unseen = await admin.put(`/api/v1/albums/${made.data.id}`, { json: { name: 'D' } })

    assert.deepEqual(
      [upload, change, renamed, made, token, unseen].map(({ status }) => status),
      [201, 200, 200, 201, 201, 503]
    )
    assert.equal(upload.data.origin_name, 'late.png')
    assert.containsSubset(change.data, { album_id: album.id, permission: 0 })
    assert.equal(renamed.data.name, 'B')

    server.resumeReadModels()
    const shown = await waitFor(
      async () => {
        const answer = await admin.get<ImageJson>(`/api/v1/images/${upload.data.key}`)
        return answer.status === 200 ? answer.data : null
      },
      { what: 'the late image' }
    )
    assert.deepEqual(shown, { ...upload.data, created_at: shown.created_at })
  }).timeout(30_000)
})

test.group('With a database that comes and goes', (group) => {
  let server: TestWebServer
  let admin: ApiClient

  group.setup(async () => {
    server = await startWebServer()
    admin = await server.setUp()
    return () => server.stop()
  })

  /** Ends all connections of the server, as a restart of the database would. */
  const cutConnections = () =>
    server.services.pool.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where datname = current_database() and pid <> pg_backend_pid()`
    )

  test('every answer is the right one or 503', async ({ assert }) => {
    const login = {
      json: { email: 'ada@example.org', password: 'correct horse' },
    }
    const seen = new Map<number, number>()
    for (let round = 0; round < 12; round++) {
      const answers = Promise.all([
        admin.get('/api/v1/users/me'),
        admin.get('/api/v1/images'),
        admin.post('/api/v1/albums', { json: { name: 'x' } }),
        admin.upload<unknown>(await plainPng(20 + round, 20)),
        server.api.post('/api/v1/auth/login', login),
        server.api.get('/health'),
      ])
      await cutConnections()
      for (const { status } of await answers) {
        seen.set(status, (seen.get(status) ?? 0) + 1)
      }
    }

    assert.includeMembers([200, 201, 503], [...seen.keys()])
    const health = await waitFor(async () => (await server.api.get('/health')).status === 200, {
      what: 'the server to be well again',
    })
    assert.isTrue(health)
    assert.equal((await admin.upload(await plainPng())).status, 201)
  }).timeout(60_000)

  test('while it takes no connections, a server is alive but not ready', async ({
    assert,
    cleanup,
  }) => {
    const database = new pg.Client({ connectionString: process.env.TEST_DATABASE_ADMIN_URL })
    await database.connect()
    cleanup(() => database.end())
    const name = new URL(server.services.config.databaseUrl).pathname.slice(1)
    const allow = (isAllowed: boolean) =>
      database.query(`alter database ${name} with allow_connections ${isAllowed}`)
    cleanup(() => allow(true).then(() => {}))
    const readiness = async () => (await server.api.get('/health/ready')).status
    assert.equal(await readiness(), 200)

    await allow(false)
    await database.query(
      'select pg_terminate_backend(pid) from pg_stat_activity where datname = $1',
      [name]
    )
    await waitFor(async () => (await readiness()) === 503, { what: 'the server to notice' })
    assert.equal((await server.api.get('/health/live')).status, 200)

    await allow(true)
    await waitFor(async () => (await readiness()) === 200, { what: 'the server to be ready again' })
  }).timeout(60_000)
})
