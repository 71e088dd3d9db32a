import { test } from '@japa/runner'
import { PostgresKeyRing } from '#event_store/postgres_key_ring'
import type { transformAuditEntry } from '#http/transformers/audit_entry_transformer'
import type { AlbumJson, ApiClient, NewApiTokenJson, PageJson, UserJson } from '#tests/helpers/api'
import { TEST_SITE_KEY } from '#tests/helpers/event_store'
import { waitFor } from '#tests/helpers/wait_for'
import { ADMIN, startWebServer, type TestWebServer } from '#tests/helpers/web_server'
import { rebuildAuditLog } from '#workers/audit_rebuild'

type EntryJson = ReturnType<typeof transformAuditEntry>

const LOGS = '/api/v1/admin/audit-logs'
const AGENT = { 'user-agent': 'a browser for tests' }

test.group('The audit log', (group) => {
  group.each.timeout(30_000)
  let server: TestWebServer
  let admin: ApiClient
  let user: ApiClient
  let userId: number
  let album: AlbumJson

  const recorded = async (type: string) => {
    const events = await server.services.eventStore.readAll({ after: 0, limit: 1_000 })
    return events.some((event) => event.type === type)
  }
  const materialise = () => {
    const { pool, eventStore } = server.services
    return rebuildAuditLog({ pool, eventStore, progress: () => {} })
  }
  const login = (email: string, password: string) =>
    server.api.post('/api/v1/auth/login', { json: { email, password }, headers: AGENT })
  const list = (query = '', api = admin) => api.get<PageJson<EntryJson>>(`${LOGS}${query}`)
  const items = async (query = '') => (await list(`?page_size=100${query}`)).data.items

  group.setup(async () => {
    server = await startWebServer()
    admin = await server.setUp()
    user = await server.addUser('user@example.org')
    userId = (await user.get<UserJson>('/api/v1/users/me')).data.id
    const made = await user.post<AlbumJson>('/api/v1/albums', {
      json: { name: 'Holidays', intro: 'By the sea' },
      headers: AGENT,
    })
    album = made.data
    await user.put(`/api/v1/albums/${album.id}`, { json: { name: 'Winter' } })
    await user.put('/api/v1/users/me', { json: { name: 'Grace' } })
    await admin.delete(`/api/v1/albums/${album.id}`)
    await login(ADMIN.email, ADMIN.password)
    await login(ADMIN.email, 'a guess')
    await login('nobody@example.org', 'a guess')
    for (const type of ['account.sign_in_failed', 'visitor.sign_in_failed']) {
      await waitFor(() => recorded(type), { what: `${type} in the log` })
    }
    await materialise()
    return () => server.stop()
  })

  test('tells who did what to which thing, and what it was before', async ({ assert }) => {
    const ofAlbums = await items('&resource_type=album')
    const [deleted, changed, created] = ofAlbums

    assert.lengthOf(ofAlbums, 3)
    assert.containsSubset(created, {
      actor_user_id: userId,
      actor_email: 'user@example.org',
      action: 'album.created',
      resource_type: 'album',
      resource_id: String(album.id),
      resource_name: 'Holidays',
      ip: '127.0.0.1',
      user_agent: AGENT['user-agent'],
      created_at: album.created_at,
    })
    assert.deepEqual(changed?.details, { before: { name: 'Holidays' }, after: { name: 'Winter' } })
    assert.containsSubset(deleted, {
      actor_email: ADMIN.email,
      resource_name: 'Winter',
      details: { before: { name: 'Winter', intro: 'By the sea', owner_id: userId }, after: null },
    })
  })

  test('tells personal data that changed', async ({ assert }) => {
    const [entry] = await items('&action=account.name_changed')

    assert.equal(entry?.resource_name, 'Grace')
    assert.deepEqual(entry?.details, {
      before: { name: 'user@example.org' },
      after: { name: 'Grace' },
    })
  })

  test('has an administrator’s sign-ins, also those that failed', async ({ assert }) => {
    const signedIn = (await items('&action=account.signed_in')).find(
      ({ actor_user_id: actor, user_agent: agent }) => actor === 1 && agent === AGENT['user-agent']
    )
    const [failed] = await items('&action=account.sign_in_failed')

    assert.containsSubset(signedIn, { actor_email: ADMIN.email, resource_id: '1' })
    assert.containsSubset(failed, {
      actor_user_id: null,
      resource_type: 'account',
      resource_id: '1',
      details: { before: null, after: null, reason: 'password' },
      ip: '127.0.0.1',
      user_agent: AGENT['user-agent'],
    })
  })

  test('has sign-ins to accounts that do not exist, without the address', async ({ assert }) => {
    const { bytes, data } = await list('?action=visitor.sign_in_failed')

    assert.lengthOf(data.items, 1)
    assert.containsSubset(data.items[0], {
      actor_user_id: null,
      resource_type: 'visitor',
      details: { reason: 'unknown_account' },
      ip: '127.0.0.1',
    })
    assert.notInclude(bytes.toString(), 'nobody@example.org')
  })

  test('names the secrets that were replaced, and never shows one', async ({ assert }) => {
    const configs = {
      endpoint: 'https://s3.example.org',
      region: 'eu',
      bucket: 'pictures',
      access_key: 'an access key',
      secret_key: 'the first secret',
      url: 'https://cdn.example.org',
    }
    const made = await admin.post<{ id: number }>('/api/v1/admin/strategies', {
      json: { name: 'Bucket', strategy_type: 's3', configs },
    })
    const changed = await admin.put(`/api/v1/admin/strategies/${made.data.id}`, {
      json: { configs: { ...configs, bucket: 'photos', secret_key: 'the second secret' } },
    })
    await materialise()
    const { bytes, data } = await list('?action=strategy.changed')

    assert.deepEqual([made.status, changed.status], [201, 200])
    assert.containsSubset(data.items[0]?.details, {
      before: { configs: { bucket: 'pictures' } },
      after: { configs: { bucket: 'photos' } },
      secrets_changed: ['secret_key'],
    })
    for (const answer of [bytes, (await list('?page_size=100')).bytes]) {
      assert.notInclude(answer.toString(), 'the first secret')
      assert.notInclude(answer.toString(), 'the second secret')
    }
  })

  test('is narrowed by who acted, and by several things at once', async ({ assert }) => {
    const byUser = await items(`&actor_user_id=${userId}`)
    const both = await items(`&actor_user_id=${userId}&resource_type=album&action=album.changed`)

    assert.isAbove(byUser.length, 3)
    assert.isTrue(byUser.every(({ actor_user_id: actor }) => actor === userId))
    assert.lengthOf(both, 1)
    assert.deepEqual(await items('&action=no.such'), [])
    assert.deepEqual(await items('&actor_user_id=987654'), [])
  })

  test('is narrowed by time, both ends inclusive', async ({ assert }) => {
    const all = await items()
    const middle = all[4]?.created_at ?? ''
    const ids = (entries: EntryJson[]) => entries.map(({ id }) => id)
    const day = middle.slice(0, 10)

    assert.deepEqual(
      ids(await items(`&date_from=${middle}`)),
      ids(all.filter(({ created_at: at }) => at >= middle))
    )
    assert.deepEqual(
      ids(await items(`&date_to=${middle}`)),
      ids(all.filter(({ created_at: at }) => at <= middle))
    )
    assert.deepEqual(ids(await items(`&date_from=${day}&date_to=2999-12-31`)), ids(all))
    assert.deepEqual(await items('&date_from=2999-01-01'), [])
    assert.deepEqual(await items('&date_to=2000-01-01'), [])
  })

  test('comes in pages, and by cursor', async ({ assert }) => {
    const all = await items()
    const second = await list('?page=2&page_size=3')
    const walked: EntryJson[] = []
    const totals = new Set<number>()
    let cursor: string | null = ''
    while (cursor !== null) {
      const { data }: { data: PageJson<EntryJson> } = await list(`?page_size=4&cursor=${cursor}`)
      walked.push(...data.items)
      totals.add(data.total)
      cursor = data.next_cursor
    }

    assert.deepEqual(second.data.items, all.slice(3, 6))
    assert.containsSubset(second.data, { page: 2, size: 3, total: all.length })
    assert.deepEqual(walked, all)
    assert.deepEqual([...totals], [all.length])
    assert.deepEqual(
      all.map(({ id }) => id),
      all.map(({ id }) => id).toSorted((one, other) => other - one)
    )
  })

  test('is for administrators who signed in', async ({ assert }) => {
    const { data } = await admin.post<NewApiTokenJson>('/api/v1/api-tokens', {
      json: { name: 'tool' },
    })

    assert.equal((await list('', server.api)).status, 401)
    assert.equal((await list('', user)).status, 403)
    assert.equal((await list('', admin.as(data.token))).status, 403)
  })

  test('refuses what it cannot read ({$i})')
    .with([
      'cursor=nonsense',
      'cursor=MA',
      'page=0',
      'page_size=101',
      'actor_user_id=0',
      'actor_user_id=me',
      'date_from=yesterday',
      'date_to=2026-02-30',
      'action[]=x',
      'action=%00',
    ])
    .run(async ({ assert }, query) => {
      assert.equal((await list(`?${query}`)).status, 400)
    })

  test('forgets a person whose key was erased', async ({ assert }) => {
    const leaver = await server.addUser('leaver@example.org')
    const { data } = await leaver.get<UserJson>('/api/v1/users/me')
    await leaver.put('/api/v1/users/me', { json: { name: 'Leaving' } })
    await materialise()
    await new PostgresKeyRing(server.services.pool, TEST_SITE_KEY).erase(`account:${data.id}`)
    const signIn = `&actor_user_id=${data.id}&action=account.signed_in`
    const query = `&actor_user_id=${data.id}&action=account.name_changed`
    const entry = await waitFor(async () => (await items(query)).find(({ ip }) => ip === null), {
      what: 'the person to be forgotten',
      timeoutMs: 15_000,
      everyMs: 100,
    })

    assert.deepEqual(entry.details, { before: { name: null }, after: { name: null } })
    assert.isNull(entry.user_agent)
    assert.isNull((await items(signIn))[0]?.ip)
  })
})
