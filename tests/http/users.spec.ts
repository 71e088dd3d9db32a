import { test } from '@japa/runner'
import type {
  AdministeredUserJson,
  ApiClient,
  GroupJson,
  PageJson,
  TokensJson,
  UserJson,
} from '#tests/helpers/api'
import { ADMIN, startWebServer, USER_PASSWORD, type TestWebServer } from '#tests/helpers/web_server'

const USERS = '/api/v1/admin/users'
const LOGIN = '/api/v1/auth/login'

test.group('Accounts in an administrator’s hands', (group) => {
  group.each.timeout(30_000)
  let server: TestWebServer
  let admin: ApiClient

  group.setup(async () => {
    server = await startWebServer()
    admin = await server.setUp()
    return () => server.stop()
  })

  const idOf = async (api: ApiClient) => (await api.get<UserJson>('/api/v1/users/me')).data.id
  const newUser = async (email: string) => {
    const api = await server.addUser(email)
    return { api, id: await idOf(api) }
  }
  const change = (id: number | string, json: object, by = admin) =>
    by.put<AdministeredUserJson>(`${USERS}/${id}`, { json })
  const list = async (query: string) =>
    (await admin.get<PageJson<AdministeredUserJson>>(`${USERS}?${query}`)).data
  const signIn = (email: string, password = USER_PASSWORD) =>
    server.api.post<TokensJson>(LOGIN, { json: { email, password } })

  test('are listed newest first, in pages and by filters', async ({ assert }) => {
    const { id } = await newUser('list_a%@example.org')
    await newUser('listb@example.org')
    await newUser('listc@example.org')
    await change(id, { name: 'Grace Hopper', status: 0 })
    const emails = async (query: string) => (await list(query)).items.map(({ email }) => email)

    const first = await list('page_size=2')
    assert.deepEqual(
      first.items.map(({ email }) => email),
      ['listc@example.org', 'listb@example.org']
    )
    assert.containsSubset(first, { total: 4, page: 1, size: 2, total_pages: 2 })
    assert.deepEqual(await emails('page_size=2&page=2'), ['list_a%@example.org', ADMIN.email])
    assert.deepEqual(await emails('keyword=GRACE'), ['list_a%@example.org'])
    assert.deepEqual(await emails('keyword=_a%25'), ['list_a%@example.org'])
    assert.deepEqual(await emails('keyword=list%25'), [], 'a wildcard is a plain character')
    assert.deepEqual(await emails('keyword=LISTB&status='), ['listb@example.org'])
    assert.deepEqual(await emails('status=0'), ['list_a%@example.org'])
    assert.equal((await list('status=1')).total, 3)
  })

  test('the query {$self} is refused')
    .with(['status=2', 'status=frozen', 'page=0', 'page_size=101', 'keyword=%00', 'status[]=1'])
    .run(async ({ assert }, query) => {
      assert.equal((await admin.get(`${USERS}?${query}`)).status, 400)
    })

  test('change field by field, and nothing else with it', async ({ assert }) => {
    const { api, id } = await newUser('fields@example.org')
    const { data: friends } = await admin.post<GroupJson>('/api/v1/admin/groups', {
      json: { name: 'Friends' },
    })
    const changes = [
      { name: 'Fay' },
      { email: 'fay@example.org' },
      { group_id: friends.id },
      { capacity_bytes: 0 },
      { capacity_bytes: 12_345 },
      { role: 'admin' },
      { role: 'user' },
      { status: 0 },
      { status: 1 },
    ]
    let expected = (await admin.get<AdministeredUserJson>(`${USERS}/${id}`)).data
    for (const one of changes) {
      const { status, data } = await change(id, { ...one, id: 1, unknown: true })
      const named = 'group_id' in one ? { group_name: 'Friends' } : {}
      expected = { ...expected, ...one, ...named } as AdministeredUserJson
      assert.equal(status, 200)
      assert.deepEqual(data, expected)
      assert.deepEqual((await admin.get(`${USERS}/${id}`)).data, expected)
    }
    assert.equal((await api.get('/api/v1/users/me')).status, 401, 'the freeze ended the session')
    assert.equal((await signIn('fields@example.org')).status, 401)
    assert.equal((await signIn('FAY@example.org')).status, 200)
  })

  test('a change that says nothing changes nothing', async ({ assert }) => {
    const { id } = await newUser('idle@example.org')
    const before = await admin.get<AdministeredUserJson>(`${USERS}/${id}`)

    assert.deepEqual((await change(id, {})).data, before.data)
    assert.deepEqual((await change(id, { status: 1, role: 'user' })).data, before.data)
    const events = await server.services.eventStore.readStream(`account-${id}`)
    assert.notInclude(
      events.map(({ type }) => type),
      'account.unfrozen'
    )
  })

  test('the change {$self} is refused')
    .with(
      [
        { name: '' },
        { name: 'x'.repeat(121) },
        { email: 'nonsense' },
        { email: `${'x'.repeat(250)}@example.org` },
        { role: 'root' },
        { group_id: 987_654 },
        { group_id: '1' },
        { capacity_bytes: -1 },
        { capacity_bytes: 1.5 },
        { capacity_bytes: 2 ** 50 + 1 },
        { status: 2 },
        { status: '0' },
        { status: true },
        { password: 'short' },
        { password: 'x'.repeat(73) },
      ].map((json) => JSON.stringify(json))
    )
    .run(async ({ assert }, json) => {
      const { data: me } = await admin.get<UserJson>('/api/v1/users/me')
      const { status, data } = await change(me.id, JSON.parse(json))

      assert.equal(status, 400)
      assert.deepEqual(Object.keys(data), Object.keys(JSON.parse(json)))
    })

  test('the id {$self} is not found')
    .with(['0', '-1', '1.5', 'abc', '987654', '9007199254740993', '%00'])
    .run(async ({ assert }, id) => {
      assert.equal((await admin.get(`${USERS}/${id}`)).status, 404)
      assert.equal((await change(id, { name: 'x' })).status, 404)
      assert.equal((await change(id, { password: 'long enough' })).status, 404)
      assert.equal((await admin.delete(`${USERS}/${id}`)).status, 404)
    })

  test('an address belongs to one account, also when two take it at once', async ({ assert }) => {
    const one = await newUser('one@example.org')
    const two = await newUser('two@example.org')

    const taken = await change(two.id, { email: ' ONE@Example.org', name: 'Taken' })
    assert.equal(taken.status, 409)
    assert.notEqual(
      (await admin.get<AdministeredUserJson>(`${USERS}/${two.id}`)).data.name,
      'Taken'
    )
    assert.equal((await change(one.id, { email: 'One@example.org' })).status, 200)

    const race = await Promise.all(
      [one, two].map(({ id }) => change(id, { email: 'both@example.org' }))
    )
    assert.sameMembers(
      race.map(({ status }) => status),
      [200, 409]
    )
    const { total } = await list('keyword=both@example.org')
    assert.equal(total, 1)
    const left = race[0]?.status === 200 ? 'one@example.org' : 'two@example.org'
    const third = await newUser('third@example.org')
    assert.equal((await change(third.id, { email: left })).status, 200, 'what is left is free')
  })

  test('a password that an administrator sets ends the sessions', async ({ assert }) => {
    const { api, id } = await newUser('forgetful@example.org')
    const { data: session } = await signIn('forgetful@example.org')

    assert.equal((await change(id, { password: 'a new password' })).status, 200)
    assert.equal((await api.get('/api/v1/users/me')).status, 401)
    const refresh = { json: { refresh_token: session.refresh_token } }
    assert.equal((await server.api.post('/api/v1/auth/refresh', refresh)).status, 401)
    assert.equal((await signIn('forgetful@example.org')).status, 401)
    assert.equal((await signIn('forgetful@example.org', 'a new password')).status, 200)
  })

  test('are for administrators only', async ({ assert }) => {
    const { api, id } = await newUser('curious@example.org')

    assert.equal((await api.get(USERS)).status, 403)
    assert.equal((await api.get(`${USERS}/${id}`)).status, 403)
    assert.equal((await change(id, { role: 'admin' }, api)).status, 403)
    assert.equal((await api.delete(`${USERS}/${id}`)).status, 403)
    await change(id, { role: 'admin' })
    assert.equal((await api.get(USERS)).status, 200, 'a role holds from the next request on')
    await change(id, { role: 'user' })
    assert.equal((await api.get(USERS)).status, 403)
  })
})
