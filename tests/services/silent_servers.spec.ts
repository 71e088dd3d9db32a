import { test } from '@japa/runner'
import pg from 'pg'
import { PostgresConnection } from '#event_store/postgres_connection'
import { postgresSession } from '#event_store/postgres_session'
import { connectRedis, FAILING_FAST } from '#jobs/redis_connection'
import { ApiClient } from '#tests/helpers/api'
import { createTestDatabase, type TestDatabase } from '#tests/helpers/database'
import { MuteProxy } from '#tests/helpers/mute_proxy'
import { testRedisUrl } from '#tests/helpers/redis'
import { startOneMoreWebServer } from '#tests/helpers/site_process'
import { startWebServer } from '#tests/helpers/web_server'
import { waitFor } from '#tests/helpers/wait_for'

/** TCP alone would wait for a quarter of an hour. */
const SOON_MILLISECONDS = 5_000

test.group('Servers that fall silent', (group) => {
  let database: TestDatabase

  group.setup(async () => {
    database = await createTestDatabase()
    return () => database.drop()
  })

  test('a connection to PostgreSQL is dropped and closed without waiting for it', async ({
    assert,
    cleanup,
  }) => {
    const { proxy, url } = await MuteProxy.before(database.url)
    cleanup(() => proxy.close())
    const connection = new PostgresConnection(postgresSession(url, { patience: 200 }))
    const one = await connection.client()
    proxy.muteWhatIsOpen()
    await assert.rejects(() => one.query('select 1'), /Query read timeout/)
    connection.discard()

    const other = await connection.client()
    assert.lengthOf((await other.query('select 1')).rows, 1)
    proxy.muteWhatIsOpen()
    await connection.close()
  }).timeout(SOON_MILLISECONDS)

  test('a pool gives up what is not answered, and asks over another connection', async ({
    assert,
    cleanup,
  }) => {
    const { proxy, url } = await MuteProxy.before(database.url)
    const pool = new pg.Pool({ ...postgresSession(url, { patience: 200 }), max: 1 })
    pool.on('error', () => {})
    cleanup(async () => {
      await pool.end()
      await proxy.close()
    })
    await pool.query('select 1')
    proxy.muteWhatIsOpen()
    await assert.rejects(() => pool.query('select 1'), /Query read timeout/)
    assert.lengthOf((await pool.query('select 1')).rows, 1)
  }).timeout(SOON_MILLISECONDS)

  test('PostgreSQL is told how long it may wait for us', async ({ assert, cleanup }) => {
    const client = new pg.Client(postgresSession(database.url, { patience: 1_000 }))
    await client.connect()
    cleanup(() => client.end())
    const { rows } = await client.query<{ name: string; setting: string }>(
      `select name, setting from pg_settings where name in
       ('idle_in_transaction_session_timeout', 'statement_timeout')`
    )
    const settings = Object.fromEntries(rows.map(({ name, setting }) => [name, setting]))
    assert.deepEqual(settings, {
      idle_in_transaction_session_timeout: '10000',
      statement_timeout: '6000',
    })
  })

  test('a connection to Redis on which nothing is heard is made anew', async ({
    assert,
    cleanup,
  }) => {
    const { proxy, url } = await MuteProxy.before(testRedisUrl())
    const redis = connectRedis(url, { ...FAILING_FAST, socketTimeout: 200 })
    cleanup(async () => {
      redis.disconnect()
      await proxy.close()
    })
    await waitFor(() => redis.status === 'ready', { what: 'Redis' })
    proxy.muteWhatIsOpen()
    await assert.rejects(() => redis.ping())
    await waitFor(() => redis.status === 'ready', { what: 'Redis on another connection' })
    assert.equal(await redis.ping(), 'PONG')
  }).timeout(SOON_MILLISECONDS)
})

test.group('A web server whose PostgreSQL has fallen silent', () => {
  test('says so, and goes on over other connections', async ({ assert, cleanup }) => {
    const server = await startWebServer()
    cleanup(() => server.stop())
    const admin = await server.setUp()
    const { config } = server.services
    const { proxy, url } = await MuteProxy.before(config.databaseUrl)
    const other = await startOneMoreWebServer({ ...config, databaseUrl: url })
    cleanup(async () => {
      await other.kill()
      await proxy.close()
    })
    const there = new ApiClient(other.url, server.checker, admin.token)
    const statuses = async () => {
      const answers = await Promise.all(
        Array.from({ length: 6 }, () => there.get('/api/v1/albums'))
      )
      return answers.map(({ status }) => status)
    }
    assert.deepEqual(new Set(await statuses()), new Set([200]))
    proxy.muteWhatIsOpen()
    // What watches over the process must not end it for that.
    assert.equal((await there.get('/api/v1/version')).status, 200)

    const meanwhile = new Set<number>()
    await waitFor(
      async () => {
        const now = await statuses()
        now.forEach((status) => meanwhile.add(status))
        return now.every((status) => status === 200)
      },
      { what: 'answers over new connections', timeoutMs: 60_000 }
    )
    assert.includeMembers([200, 503], [...meanwhile])
  }).timeout(90_000)
})
