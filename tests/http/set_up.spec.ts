import { test } from '@japa/runner'
import { ApiClient, type TokensJson, type UserJson } from '#tests/helpers/api'
import { startOneMoreWebServer } from '#tests/helpers/site_process'
import { waitFor } from '#tests/helpers/wait_for'
import { ADMIN, startWebServer, type TestWebServer } from '#tests/helpers/web_server'

const SETUP = '/api/v1/setup'

test.group('The first run', (group) => {
  let server: TestWebServer
  let api: ApiClient

  group.each.timeout(60_000)
  group.each.setup(async () => {
    server = await startWebServer()
    api = server.api
    return () => server.stop()
  })

  test('says that set-up is needed, then that it is not', async ({ assert }) => {
    const before = await api.get('/api/v1/setup/status')
    const setUp = await api.post<TokensJson>(SETUP, { json: ADMIN })
    const after = await api.get('/api/v1/setup/status')

    assert.deepEqual(before.data, { required: true })
    assert.equal(setUp.status, 201)
    assert.deepEqual(after.data, { required: false })
  })

  test('signs the first administrator in', async ({ assert }) => {
    const { data: tokens } = await api.post<TokensJson>('/api/v1/setup/admin', {
      json: { ...ADMIN, email: ' Ada@Example.ORG ' },
    })
    const me = await api.as(tokens.access_token).get<UserJson>('/api/v1/users/me')

    assert.containsSubset(me.data, {
      email: ADMIN.email,
      name: ADMIN.name,
      role: 'admin',
      status: 1,
      used_bytes: 0,
      image_num: 0,
      album_num: 0,
      email_verified: true,
    })
    const login = await api.post('/api/v1/auth/login', {
      json: { email: '  ADA@Example.org ', password: ADMIN.password },
    })
    assert.equal(login.status, 200)
  })

  test('lets nothing else be written before', async ({ assert }) => {
    const form = new FormData()
    form.append('file', new Blob(['bytes']), 'photo.jpg')
    const writes = [
      await api.post('/api/v1/auth/login', { json: ADMIN }),
      await api.post('/api/v1/auth/refresh', { json: { refresh_token: 'x' } }),
      await api.post('/api/v1/auth/logout'),
      await api.put('/api/v1/users/me', { json: {} }),
      await api.post('/api/v1/api-tokens', { json: { name: 'x' } }),
      await api.delete('/api/v1/api-tokens/1'),
      await api.post('/api/v1/albums', { json: { name: 'x' } }),
      await api.put('/api/v1/albums/1', { json: { name: 'x' } }),
      await api.delete('/api/v1/albums/1'),
      await api.post('/api/v1/images', { body: form }),
      await api.patch('/api/v1/images/abcdef', { json: {} }),
      await api.delete('/api/v1/images/abcdef'),
    ]

    for (const { status, message } of writes) {
      assert.equal(status, 503)
      assert.match(message, /set-up is needed/i)
    }
    assert.equal((await api.get('/api/v1/users/me')).status, 401)
  })

  test('has one first administrator, however many ask two servers at once', async ({
    assert,
    cleanup,
  }) => {
    const other = await startOneMoreWebServer(server.services.config)
    cleanup(() => other.stop())
    const apis = [api, new ApiClient(other.url, server.checker)]
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        (apis[index % 2] ?? api).post<TokensJson>(SETUP, {
          json: { ...ADMIN, email: `person${index}@example.org`, name: `Person ${index}` },
        })
      )
    )
    const codes = answers.map(({ status }) => status).toSorted()
    const winner = answers.find(({ status }) => status === 201)

    assert.deepEqual(codes, [201, ...Array.from({ length: 49 }, () => 409)])
    const me = await api.as(winner?.data.access_token ?? '').get<UserJson>('/api/v1/users/me')
    assert.equal(me.data.role, 'admin')
    const again = await api.post(SETUP, { json: ADMIN })
    assert.equal(again.status, 409)
    const { rows } = await server.services.pool.query('select 1 from secrets.credentials')
    assert.lengthOf(rows, 1, 'the hashes of those who lost are gone')
  })

  test('holds from the moment it is in the log, however late the read models are', async ({
    assert,
  }) => {
    await server.pauseReadModels()
    const settingUp = api.post<TokensJson>(SETUP, { json: ADMIN })
    await waitFor(
      async () =>
        (await server.services.eventStore.findClaim('first_admin', 'first_admin')) !== null,
      { what: 'the administrator in the log' }
    )
    const status = await api.get('/api/v1/setup/status')
    const again = await api.post(SETUP, { json: ADMIN })
    const other = await api.post('/api/v1/api-tokens', { json: { name: 'x' } })
    server.resumeReadModels()
    const { status: code, data } = await settingUp
    const made = await api
      .as(data.access_token)
      .post('/api/v1/api-tokens', { json: { name: 'mine' } })

    assert.deepEqual(status.data, { required: false })
    assert.equal(again.status, 409)
    assert.equal(other.status, 401)
    assert.equal(code, 201)
    assert.equal(made.status, 201)
  })

  test('names what is wrong with what was sent', async ({ assert }) => {
    const { status, data } = await api.post<Record<string, string[]>>(SETUP, {
      json: { email: 'nonsense', password: 'short', name: '  ' },
    })

    assert.equal(status, 400)
    assert.sameMembers(Object.keys(data), ['email', 'password', 'name'])
  })

  test('counts a password in bytes', async ({ assert }) => {
    const longest = 'ä'.repeat(36)
    const tooLong = await api.post<Record<string, string[]>>(SETUP, {
      json: { ...ADMIN, password: `${longest}x` },
    })
    const fits = await api.post(SETUP, { json: { ...ADMIN, password: longest } })

    assert.equal(tooLong.status, 400)
    assert.property(tooLong.data, 'password')
    assert.equal(fits.status, 201)
  })
})

test.group('A first administrator by the environment', (group) => {
  const GIVEN = {
    ADMIN_EMAIL: ' Grace@Example.ORG',
    ADMIN_PASSWORD: 'battery staple',
    ADMIN_NAME: 'Grace',
  }
  const LOGIN = { json: { email: 'grace@example.org', password: GIVEN.ADMIN_PASSWORD } }
  let server: TestWebServer

  group.each.timeout(60_000)
  group.each.setup(() => () => server.stop())

  const registrations = async () => {
    const events = await server.services.eventStore.readAll({
      after: 0,
      limit: 1_000,
      types: ['account.registered'],
    })
    return events.length
  }

  test('is made once, however many servers start', async ({ assert, cleanup }) => {
    server = await startWebServer(GIVEN)
    const others = await Promise.all([
      startOneMoreWebServer(server.services.config, GIVEN),
      startOneMoreWebServer(server.services.config, GIVEN),
    ])
    others.forEach((other) => cleanup(() => other.stop()))
    const status = () => server.api.get<{ required: boolean }>('/api/v1/setup/status')
    await waitFor(async () => !(await status()).data.required, { what: 'the administrator' })
    const { status: code, data } = await server.api.post<TokensJson>('/api/v1/auth/login', LOGIN)
    const me = await server.api.as(data.access_token).get<UserJson>('/api/v1/users/me')

    assert.equal(code, 200)
    assert.containsSubset(me.data, { name: 'Grace', role: 'admin', email_verified: true })
    assert.equal((await server.api.post(SETUP, { json: ADMIN })).status, 409)
    await Promise.all(others.map((other) => other.stop()))
    assert.equal(await registrations(), 1)
  })

  test('changes nothing where there is an account', async ({ assert }) => {
    server = await startWebServer()
    await server.setUp()
    const other = await startOneMoreWebServer(server.services.config, GIVEN)
    // It ends what it has begun.
    await other.stop()

    assert.equal((await server.api.post('/api/v1/auth/login', LOGIN)).status, 401)
    assert.equal(await registrations(), 1)
  })
})
