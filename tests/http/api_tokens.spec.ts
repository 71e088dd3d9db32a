import { test } from '@japa/runner'
import type { ApiClient, ApiTokenJson, NewApiTokenJson, PageJson } from '#tests/helpers/api'
import { startWebServer, type TestWebServer } from '#tests/helpers/web_server'

const TOKENS = '/api/v1/api-tokens'
const HOUR = 3_600_000

test.group('API tokens', (group) => {
  group.each.timeout(30_000)
  let server: TestWebServer
  let admin: ApiClient

  group.setup(async () => {
    server = await startWebServer()
    admin = await server.setUp()
    return () => server.stop()
  })

  const create = (json: object, api = admin) => api.post<NewApiTokenJson>(TOKENS, { json })

  test('are shown once, and listed without their secret', async ({ assert }) => {
    const { status, data } = await create({ name: 'ShareX' })
    const list = await admin.get<PageJson<ApiTokenJson>>(TOKENS)
    const { token, ...shown } = data

    assert.equal(status, 201)
    assert.match(token, /^img_[A-Za-z0-9_-]{43}$/)
    assert.deepEqual(shown.scopes, ['read', 'write'])
    assert.isNull(shown.expires_at)
    assert.deepEqual(
      list.data.items.find(({ id }) => id === data.id),
      shown
    )
    assert.notInclude(list.bytes.toString(), token)
  })

  test('act for their account', async ({ assert }) => {
    const { data } = await create({ name: 'tool', scopes: [] })
    const tool = admin.as(data.token)

    assert.equal((await tool.get('/api/v1/users/me')).status, 200)
    assert.equal((await tool.post('/api/v1/albums', { json: { name: 'By a tool' } })).status, 201)
    const list = await admin.get<PageJson<ApiTokenJson>>(TOKENS)
    assert.isNotNull(list.data.items.find(({ id }) => id === data.id)?.last_used_at)
  })

  test('note their use once a minute at most', async ({ assert }) => {
    const { data } = await create({ name: 'busy' })
    const tool = admin.as(data.token)
    const lastUse = async () => {
      const { rows } = await server.services.pool.query<{ version: string; at: Date }>(
        'select xmin::text as version, last_used_at as at from secrets.api_tokens where token_id = $1',
        [data.id]
      )
      return rows[0]
    }
    await tool.get('/api/v1/users/me')
    const first = await lastUse()
    await Promise.all(Array.from({ length: 10 }, () => tool.get('/api/v1/users/me')))

    assert.deepEqual(await lastUse(), first)
  })

  test('live as long as asked', async ({ assert }) => {
    const lifetimes = { '24h': 24, '30d': 30 * 24, '90d': 90 * 24, '1y': 365 * 24 }
    for (const [lifetime, hours] of Object.entries(lifetimes)) {
      const { data } = await create({ name: lifetime, expires_in: lifetime })
      const left = Date.parse(data.expires_at ?? '') - Date.now()
      assert.closeTo(left, hours * HOUR, 60_000)
    }
    const { data } = await create({ name: 'for ever', expires_in: 'never' })
    assert.isNull(data.expires_at)
  })

  test('open nothing once they have expired', async ({ assert }) => {
    const { data } = await create({ name: 'short', expires_in: '24h' })
    await server.services.pool.query(
      `update read.api_tokens set expires_at = now() - interval '1 second' where token_id = $1`,
      [data.id]
    )

    assert.equal((await admin.as(data.token).get('/api/v1/users/me')).status, 401)
  })

  test('open nothing from the moment they are revoked', async ({ assert }) => {
    const { data } = await create({ name: 'leaked' })
    const revoked = await admin.delete(`${TOKENS}/${data.id}`)
    const again = await admin.delete(`${TOKENS}/${data.id}`)

    assert.equal(revoked.status, 200)
    assert.equal((await admin.as(data.token).get('/api/v1/users/me')).status, 401)
    assert.equal(again.status, 404)
  })

  test('are their account’s alone', async ({ assert }) => {
    const { data } = await create({ name: 'mine' })
    const other = await server.addUser('other@example.org')

    assert.equal((await other.delete(`${TOKENS}/${data.id}`)).status, 404)
    assert.deepEqual((await other.get<PageJson<ApiTokenJson>>(TOKENS)).data.items, [])
    assert.equal((await admin.as(data.token).get('/api/v1/users/me')).status, 200)
  })

  test('are not managed by API tokens', async ({ assert }) => {
    const { data } = await create({ name: 'tool' })
    const tool = admin.as(data.token)

    assert.equal((await tool.get(TOKENS)).status, 403)
    assert.equal((await create({ name: 'x' }, tool)).status, 403)
    assert.equal((await tool.delete(`${TOKENS}/${data.id}`)).status, 403)
  })

  test('come in pages', async ({ assert }) => {
    const user = await server.addUser('pages@example.org')
    for (const name of ['a', 'b', 'c']) {
      await create({ name }, user)
    }
    const page = await user.get<PageJson<ApiTokenJson>>(`${TOKENS}?page=2&page_size=2`)

    assert.containsSubset(page.data, { total: 3, page: 2, size: 2, total_pages: 2 })
    assert.deepEqual(
      page.data.items.map(({ name }) => name),
      ['a']
    )
  })

  test('need sane fields ({$i})')
    .with([
      { name: '' },
      { name: 'x'.repeat(121) },
      { name: 7 },
      { name: 'x', scopes: ['admin'] },
      { name: 'x', scopes: 'read' },
      { name: 'x', expires_in: '2d' },
      { name: 'x', expires_in: 24 },
    ])
    .run(async ({ assert }, json) => {
      assert.equal((await create(json)).status, 400)
    })
})
