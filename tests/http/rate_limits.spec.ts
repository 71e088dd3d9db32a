import { test } from '@japa/runner'
import { plainPng } from '#tests/fixtures/images'
import type { ApiClient } from '#tests/helpers/api'
import { testRedisUrl } from '#tests/helpers/redis'
import { ADMIN, startWebServer, type TestWebServer } from '#tests/helpers/web_server'

test.group('Limits of rates', (group) => {
  group.each.timeout(60_000)
  let server: TestWebServer
  let api: ApiClient
  let admin: ApiClient
  let next = 0

  group.setup(async () => {
    server = await startWebServer({
      RATE_LIMITS: 'on',
      API_RATE_LIMIT: '20',
      TRUSTED_PROXIES: 'loopback',
    })
    api = server.api
    admin = await server.setUp()
    return () => server.stop()
  })

  /** An address that no test has used. */
  const newAddress = () => `198.51.100.${(next += 1)}`

  const signIn = (email: string, address = newAddress(), password = 'a wrong password') =>
    api.post('/api/v1/auth/login', {
      json: { email, password },
      headers: { 'x-forwarded-for': address },
    })

  test('probes are not counted, whoever else comes from their address', async ({ assert }) => {
    const headers = { 'x-forwarded-for': newAddress() }
    const get = async (path: string) => (await api.get(path, { headers })).status
    const version: number[] = []
    for (let number = 0; number < 21; number++) {
      version.push(await get('/api/v1/version'))
    }
    assert.equal(version.at(-1), 429)
    for (let number = 0; number < 21; number++) {
      assert.deepEqual([await get('/health/live'), await get('/health/ready')], [200, 200])
    }
  })

  test('five sign-ins a minute from one address, whoever they are for', async ({ assert }) => {
    const address = newAddress()
    const statuses: number[] = []
    for (let number = 0; number < 6; number++) {
      statuses.push((await signIn(`nobody${number}@example.org`, address)).status)
    }
    const refused = await signIn('nobody@example.org', address)
    const other = await signIn('nobody@example.org')

    assert.deepEqual(statuses, [401, 401, 401, 401, 401, 429])
    const wait = Number(refused.headers.get('retry-after'))
    assert.isTrue(wait >= 1 && wait <= 60)
    assert.equal(refused.headers.get('x-ratelimit-limit'), '5')
    assert.equal(refused.headers.get('x-ratelimit-remaining'), '0')
    assert.equal(other.status, 401)
    assert.equal(other.headers.get('x-ratelimit-remaining'), '4')
  })

  test('five sign-ins a minute to one account, wherever they come from and however it is written', async ({
    assert,
  }) => {
    const spellings = ['eve@example.org', 'EVE@example.org', ' eve@example.org']
    const statuses: number[] = []
    for (let number = 0; number < 6; number++) {
      statuses.push((await signIn(spellings[number % 3] ?? '')).status)
    }

    assert.deepEqual(statuses, [401, 401, 401, 401, 401, 429])
  })

  test('who is refused for their address uses up no tries of an account', async ({ assert }) => {
    const address = newAddress()
    for (let number = 0; number < 5; number++) {
      await signIn(`someone${number}@example.org`, address)
    }
    for (let number = 0; number < 6; number++) {
      assert.equal((await signIn(ADMIN.email, address)).status, 429)
    }

    assert.equal((await signIn(ADMIN.email, newAddress(), ADMIN.password)).status, 200)
  })

  test('addresses of one IPv6 network are counted together', async ({ assert }) => {
    const statuses: number[] = []
    for (let number = 0; number < 6; number++) {
      const address = `2001:db8:7:9::${number + 1}`
      statuses.push((await signIn(`six${number}@example.org`, address)).status)
    }

    assert.equal(statuses.at(-1), 429)
    assert.equal((await signIn('six@example.org', '2001:db8:7:a::1')).status, 401)
  })

  test('parallel tries are counted one by one', async ({ assert }) => {
    const address = newAddress()
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, number) => signIn(`many${number}@example.org`, address))
    )

    assert.lengthOf(
      answers.filter(({ status }) => status === 401),
      5
    )
  })

  test('a body that names no account is still counted by address', async ({ assert }) => {
    const headers = { 'x-forwarded-for': newAddress() }
    const bodies = [{}, { email: true }, { email: 7 }, { email: null }, { email: ['a'] }, {}]
    const statuses: number[] = []
    for (const json of bodies) {
      statuses.push((await api.post('/api/v1/auth/login', { json, headers })).status)
    }

    assert.deepEqual(statuses, [400, 400, 400, 400, 400, 429])
  })

  test('the API is limited by account, whatever its address', async ({ assert }) => {
    const user = await server.addUser('busy@example.org')
    const get = (client: ApiClient) =>
      client.get('/api/v1/users/me', { headers: { 'x-forwarded-for': newAddress() } })
    const answers = await Promise.all(Array.from({ length: 21 }, () => get(user)))

    assert.lengthOf(
      answers.filter(({ status }) => status === 200),
      20
    )
    assert.equal((await get(user)).status, 429)
    assert.equal((await get(admin)).status, 200)
  })

  test('credentials that are tried in vain are counted against the address', async ({ assert }) => {
    const headers = { 'x-forwarded-for': newAddress() }
    const attempt = (number: number) =>
      api.as(`img_${String(number).padStart(43, '0')}`).get('/api/v1/users/me', { headers })
    const answers = await Promise.all(Array.from({ length: 22 }, (_, number) => attempt(number)))

    assert.lengthOf(
      answers.filter(({ status }) => status === 401),
      20
    )
  })

  test('visitors may upload so often', async ({ assert }) => {
    const form = new FormData()
    form.append('file', new Blob([Uint8Array.from(await plainPng())]), 'a.png')
    const { headers } = await api.post('/api/v1/upload', {
      body: form,
      headers: { 'x-forwarded-for': newAddress() },
    })

    assert.equal(headers.get('x-ratelimit-limit'), '60')
    assert.equal(headers.get('x-ratelimit-remaining'), '59')
  })
})

test.group('Limits of rates of two processes', (group) => {
  group.each.timeout(60_000)

  test('are one limit', async ({ assert }) => {
    const shared = { RATE_LIMITS: 'on', REDIS_URL: testRedisUrl() }
    const servers = await Promise.all([startWebServer(shared), startWebServer(shared)])
    try {
      await Promise.all(servers.map((server) => server.setUp()))
      const json = { email: 'x@example.org', password: 'a wrong password' }
      const answers = await Promise.all(
        Array.from({ length: 10 }, (_, number) =>
          servers[number % 2]?.api.post('/api/v1/auth/login', { json })
        )
      )
      assert.lengthOf(
        answers.filter((answer) => answer?.status === 401),
        5
      )
    } finally {
      await Promise.all(servers.map((server) => server.stop()))
    }
  })
})

test.group('A wide limit of two processes', (group) => {
  group.each.timeout(60_000)

  test('is used up by both together, and not exceeded', async ({ assert }) => {
    const limit = 200
    const shared = {
      RATE_LIMITS: 'on',
      API_RATE_LIMIT: String(limit),
      REDIS_URL: testRedisUrl(),
    }
    const servers = await Promise.all([startWebServer(shared), startWebServer(shared)])
    try {
      const admins = await Promise.all(servers.map((server) => server.setUp()))
      const statuses: Array<number | undefined> = []
      for (let number = 0; number < limit / 2 + 20; number++) {
        const answers = await Promise.all(admins.map((admin) => admin.get('/api/v1/users/me')))
        statuses.push(...answers.map(({ status }) => status))
      }
      const allowed = statuses.filter((status) => status === 200).length
      assert.isAtMost(allowed, limit)
      // What a process may have taken ahead and not needed.
      assert.isAtLeast(allowed, limit - Math.floor(limit / 64))
      assert.deepEqual(statuses.slice(-2), [429, 429])
    } finally {
      await Promise.all(servers.map((server) => server.stop()))
    }
  })
})

test.group('Limits of rates without Redis', (group) => {
  group.each.timeout(60_000)

  test('each process counts by itself', async ({ assert }) => {
    const server = await startWebServer({ RATE_LIMITS: 'on', REDIS_URL: 'redis://127.0.0.1:1' })
    try {
      await server.setUp()
      const statuses: number[] = []
      for (let number = 0; number < 6; number++) {
        const json = { email: `x${number}@example.org`, password: 'a wrong password' }
        statuses.push((await server.api.post('/api/v1/auth/login', { json })).status)
      }
      assert.deepEqual(statuses, [401, 401, 401, 401, 401, 429])
    } finally {
      await server.stop()
    }
  })
})

test.group('Limits of rates that are off', () => {
  test('nothing is counted', async ({ assert }) => {
    const server = await startWebServer()
    try {
      await server.setUp()
      const json = { email: 'x@example.org', password: 'a wrong password' }
      const statuses = new Set<number>()
      for (let number = 0; number < 7; number++) {
        statuses.add((await server.api.post('/api/v1/auth/login', { json })).status)
      }
      assert.deepEqual([...statuses], [401])
    } finally {
      await server.stop()
    }
  }).timeout(60_000)
})
