import { test } from '@japa/runner'
import { GENESIS_HASH, verifyChain } from '#event_store/stored_event'
import { projections } from '#projections/registry'
import { verify } from '#projections/verify'
import { plainPng } from '#tests/fixtures/images'
import {
  ApiClient,
  type AdministeredUserJson,
  type AlbumJson,
  type ImageJson,
  type NewApiTokenJson,
  type TokensJson,
  type UserJson,
} from '#tests/helpers/api'
import { startOneMoreWebServer, startWorker, type SiteProcess } from '#tests/helpers/site_process'
import { TestSmtpServer } from '#tests/helpers/smtp_server'
import {
  dumpDatabase,
  dumpRedis,
  findTraces,
  readFolder,
  type Haystacks,
} from '#tests/helpers/traces'
import { waitFor } from '#tests/helpers/wait_for'
import { rebuildOne } from '#tests/helpers/rebuild_one'
import { startWebServer, type TestWebServer } from '#tests/helpers/web_server'

const ME = '/api/v1/users/me'
const PASSWORD = 'the quux of zelda'

/** All that the site comes to know of a person, each as no other value is. */
const ZELDA = {
  email: 'zelda.quux@forget.example',
  newEmail: 'zelda.new@forget.example',
  name: 'Zelda Quuxington',
  newName: 'Zelda née Quux',
  address: '203.0.113.77',
  userAgent: 'ZeldaBrowser/7.7 (Quux)',
  fileName: 'zelda at quux beach.png',
  trashedFileName: 'zelda asleep.png',
  template: 'see zeldas picture {url}',
  albumName: 'Holidays of the Quuxes',
  albumIntro: 'where zelda swam',
  newAlbumName: 'Quux summer',
  tokenName: 'zeldas laptop',
  idempotencyKey: 'zelda-upload-4711',
}

/** Somebody else, whom the site must not forget. */
const OTHER = { email: 'other@keep.example', fileName: 'other at keep.png' }

test.group('Forgetting', (group) => {
  group.each.timeout(120_000)
  let server: TestWebServer
  let site: SiteProcess & { url: string }
  let worker: SiteProcess
  let smtp: TestSmtpServer
  let admin: ApiClient
  let other: ApiClient
  let zelda: ApiClient
  let id: number

  const headers = { 'user-agent': ZELDA.userAgent, 'x-forwarded-for': ZELDA.address }

  group.each.setup(async () => {
    smtp = await TestSmtpServer.start()
    const environment = {
      TRUSTED_PROXIES: 'loopback',
      SMTP_HOST: '127.0.0.1',
      SMTP_PORT: String(smtp.port),
      MAIL_FROM: 'site@keep.example',
    }
    server = await startWebServer(environment)
    site = await startOneMoreWebServer(server.services.config, {
      ...environment,
      LOG_LEVEL: 'trace',
    })
    worker = startWorker(server.services.config, environment)
    admin = await server.setUp()
    await admin.put('/api/v1/admin/settings', {
      json: { allow_registration: true, audit_upload_logs: true },
    })
    other = await server.addUser(OTHER.email)
    await other.upload(await plainPng(20, 20), OTHER.fileName)
    return async () => {
      await worker.stop()
      await site.stop()
      await server.stop()
      await smtp.stop()
    }
  })

  const atSite = (token: string | null) => new ApiClient(site.url, server.checker, token)

  /** Registers, confirms, uploads, errs, changes: whatever leaves data behind. */
  const liveHere = async () => {
    const anyone = atSite(null)
    await anyone.post('/api/v1/auth/register', {
      headers,
      json: { email: ZELDA.email, name: ZELDA.name, password: PASSWORD },
    })
    const signIn = (password: string) =>
      anyone.post<TokensJson>('/api/v1/auth/login', {
        headers,
        json: { email: ZELDA.email, password },
      })
    await signIn('a wrong password')
    await anyone.post('/api/v1/auth/forgot-password', { headers, json: { email: ZELDA.email } })
    await smtp.nextFor(ZELDA.email)
    zelda = atSite((await signIn(PASSWORD)).data.access_token)
    id = (await zelda.get<UserJson>(ME)).data.id
    await zelda.put(ME, {
      headers,
      json: { name: ZELDA.newName, settings: { copy_template: ZELDA.template } },
    })
    const upload = async (name: string, width: number) => {
      const form = new FormData()
      form.append('file', new Blob([Uint8Array.from(await plainPng(width, 30))]), name)
      const { data } = await zelda.post<ImageJson>('/api/v1/images', {
        body: form,
        headers: { ...headers, 'idempotency-key': ZELDA.idempotencyKey + width },
      })
      return data
    }
    await upload(ZELDA.fileName, 31)
    const { key } = await upload(ZELDA.trashedFileName, 32)
    await zelda.delete(`/api/v1/images/${key}`, { headers })
    await zelda.post<NewApiTokenJson>('/api/v1/api-tokens', {
      headers,
      json: { name: ZELDA.tokenName },
    })
    const { data: album } = await zelda.post<AlbumJson>('/api/v1/albums', {
      headers,
      json: { name: ZELDA.albumName, intro: ZELDA.albumIntro },
    })
    await zelda.put(`/api/v1/albums/${album.id}`, { headers, json: { name: ZELDA.newAlbumName } })
    await admin.put<AdministeredUserJson>(`/api/v1/admin/users/${id}`, {
      json: { email: ZELDA.newEmail },
    })
    await zelda.post('/api/v1/users/me/export', { headers })
    await waitFor(
      async () => (await zelda.get('/api/v1/users/me/export', { headers })).status === 200,
      { what: 'the archive', timeoutMs: 30_000 }
    )
    await anyone.post('/api/v1/auth/login', {
      headers,
      json: { email: ZELDA.newEmail, password: 'wrong again' },
    })
  }

  const everything = async (): Promise<Haystacks> => {
    const { databaseUrl, redisUrl } = server.services.config
    return new Map([
      ...(await dumpDatabase(databaseUrl)),
      ...(await dumpRedis(redisUrl)),
      ...(await readFolder(server.dataDir)),
      ['log of the web server', Buffer.from(site.output())],
      ['log of the workers', Buffer.from(worker.output())],
    ])
  }

  const originals = async () => {
    const files = await readFolder(server.dataDir)
    return [...files.keys()].filter((name) => /objects\/\d{4}\/.*\.png$/.test(name))
  }

  const untilWorkIsDone = () =>
    waitFor(
      async () => {
        const { rows } = await server.services.pool.query<{ open: string; forgotten: boolean }>(
          `select (select count(*) from run.job_ledger where state <> 'done') as open,
             exists (select 1 from secrets.personal_keys
                     where subject = $1 and erased_at is not null) as forgotten`,
          [`account:${id}`]
        )
        return rows[0]?.open === '0' && rows[0].forgotten
      },
      { what: 'all work to be done', timeoutMs: 60_000 }
    )

  const requireCleanReadModels = async (assert: {
    deepEqual(one: unknown, other: unknown): void
  }) => {
    const { services } = server
    const options = {
      connectionString: services.config.databaseUrl,
      eventStore: services.eventStore,
    }
    for (const { projection, difference, refused } of await verify({ ...options, projections })) {
      assert.deepEqual(
        [projection, difference, refused],
        [projection, { count: 0, sample: [] }, []]
      )
    }
  }

  test('nothing readable is left of a person who left, and all else stays', async ({ assert }) => {
    await liveHere()
    const values = Object.values(ZELDA)
    // Copies that are kept for going back hold what the read models hold.
    for (const projection of projections) {
      await rebuildOne({
        connectionString: server.services.config.databaseUrl,
        eventStore: server.services.eventStore,
        projection,
        gate: true,
      })
    }
    await server.services.pool.query('analyze')
    const before = findTraces(values, await everything())
    for (const expected of [
      'read.accounts',
      'read_previous.accounts',
      'read.images',
      'pg_catalog.pg_stats',
    ]) {
      assert.isTrue(
        before.some((trace) => trace.includes(`table ${expected} `)),
        `${expected} holds something before: ${before.join('\n')}`
      )
    }
    assert.lengthOf(await originals(), 3)

    await admin.put('/api/v1/admin/settings', { json: { deleted_account_retention: '0' } })
    const answer = await zelda.delete(ME, { headers, json: { current_password: PASSWORD } })
    assert.equal(answer.status, 200)
    await untilWorkIsDone()

    assert.deepEqual(findTraces(values, await everything()), [])
    assert.lengthOf(await originals(), 1, 'the images are gone, but for those of others')
    assert.isNotEmpty(findTraces(Object.values(OTHER), await everything()))

    const { eventStore, pool } = server.services
    const { position } = await eventStore.head()
    const stored = await eventStore.readStored({ after: 0, limit: position })
    const { fault, last } = verifyChain(stored, { position: 0, hash: GENESIS_HASH })
    assert.isNull(fault)
    assert.equal(last.position, position)
    await requireCleanReadModels(assert)

    const { rows } = await pool.query(`select 1 from read.audit_logs where resource_id = $1`, [
      String(id),
    ])
    assert.isNotEmpty(rows, 'that something happened stays known')
    await waitFor(
      async () => {
        const { bytes } = await admin.get('/api/v1/admin/audit-logs?page_size=100')
        return findTraces(values, new Map([['audit log', bytes]])).length === 0
      },
      { what: 'processes to let go of the key', timeoutMs: 20_000 }
    )
  })

  test('read models that are rebuilt after it are as those that were there', async ({ assert }) => {
    await liveHere()
    await admin.delete(`/api/v1/admin/users/${id}`)
    await admin.delete(`/api/v1/admin/deleted-users/${id}`)
    await untilWorkIsDone()
    for (const projection of projections) {
      const { difference } = await rebuildOne({
        connectionString: server.services.config.databaseUrl,
        eventStore: server.services.eventStore,
        projection,
        gate: true,
      })
      assert.deepEqual([projection.name, difference], [projection.name, { count: 0, sample: [] }])
    }
  })
})
