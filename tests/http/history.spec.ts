import { test } from '@japa/runner'
import type { transformEvent, transformHistory } from '#http/transformers/event_transformer'
import { LogIndexes } from '#projections/log_indexes'
import { cameraJpeg } from '#tests/fixtures/images'
import type { ApiClient, ImageJson, UserJson } from '#tests/helpers/api'
import { startWebServer, type TestWebServer } from '#tests/helpers/web_server'

type HistoryJson = ReturnType<typeof transformHistory>
interface EventPageJson {
  items: Array<ReturnType<typeof transformEvent>>
  next_cursor: string | null
}

test.group('History', (group) => {
  group.each.timeout(30_000)
  let server: TestWebServer
  let admin: ApiClient
  let owner: ApiClient
  let ownerId: number
  let image: ImageJson
  /** The id of the administrator's request that deleted it. */
  let deletion: string

  const history = (key = image.key, query = '', api = owner) =>
    api.get<HistoryJson>(`/api/v1/images/${key}/history${query}`)
  const events = (query: string) => admin.get<EventPageJson>(`/api/v1/admin/events${query}`)

  group.setup(async () => {
    server = await startWebServer()
    admin = await server.setUp()
    owner = await server.addUser('owner@example.org')
    ownerId = (await owner.get<UserJson>('/api/v1/users/me')).data.id
    image = (await owner.upload(await cameraJpeg(), 'holiday.jpg')).data
    await owner.patch(`/api/v1/images/${image.key}`, { json: { permission: 0 } })
    const deleted = await admin.delete(`/api/v1/admin/images/${image.id}`)
    deletion = deleted.headers.get('x-request-id') ?? ''
    return () => server.stop()
  })

  test('tells an administrator who made an image disappear, from where and by which request', async ({
    assert,
  }) => {
    const { data } = await history(image.key, '', admin)
    const [last] = data.items
    assert.containsSubset(last, {
      type: 'image.deleted',
      summary: 'Ada deleted the image',
      actor: { kind: 'account', email: 'ada@example.org' },
      ip: '127.0.0.1',
      source: 'api',
      correlation_id: deletion,
      name: 'holiday.jpg',
    })
    assert.containsSubset(data.state, { key: image.key, gone: true, restorable: true })
    const found = await events(`?correlation_id=${deletion}`)
    assert.deepEqual(
      found.data.items.map(({ position }) => position),
      [last?.position]
    )
  })

  test('tells an owner what was done, and of others not who they are', async ({ assert }) => {
    const { data } = await history()
    assert.deepEqual(
      data.items.map(({ type }) => type).filter((type) => !type.includes('thumbnail')),
      ['image.deleted', 'image.permission_changed', 'image.uploaded']
    )
    const [deleted, changed] = data.items
    assert.containsSubset(deleted, {
      summary: 'An administrator deleted the image',
      actor: { user_id: null, name: null, email: null },
      ip: null,
      user_agent: null,
    })
    assert.containsSubset(changed, {
      actor: { user_id: ownerId, email: 'owner@example.org' },
      ip: '127.0.0.1',
      changes: { before: { permission: 1 }, after: { permission: 0 } },
    })
  })

  test('is nobody else’s business', async ({ assert }) => {
    const other = await server.addUser('other@example.org')
    assert.equal((await history(image.key, '', other)).status, 404)
    assert.equal((await history('zzzzzz')).status, 404)
    assert.equal((await other.get('/api/v1/admin/streams/site')).status, 403)
    assert.equal((await other.get('/api/v1/admin/events')).status, 403)
  })

  test('shows the state as it was at a position or a time', async ({ assert }) => {
    const { data: all } = await history()
    const upload = all.items.at(-1)
    const then = await history(image.key, `?as_of=${upload?.position}`)
    assert.equal(then.data.version, 1)
    assert.containsSubset(then.data.state, { permission: 1, gone: false })
    const atTime = await history(image.key, `?as_of=${encodeURIComponent(image.created_at)}`)
    assert.containsSubset(atTime.data.state, { gone: false })
    const before = await history(image.key, '?as_of=2001-01-01')
    assert.deepInclude(before.data, { state: null, items: [], version: 0 })
    const wrong = await history(image.key, '?as_of=yesterday')
    assert.equal(wrong.status, 400)
    assert.property(wrong.data, 'as_of')
  })

  test('comes in pages', async ({ assert }) => {
    const { data: all } = await history()
    const seen: number[] = []
    let cursor: string | null = ''
    while (cursor !== null) {
      const query: string = cursor === '' ? '?page_size=1' : `?page_size=1&cursor=${cursor}`
      const { data } = await history(image.key, query)
      seen.push(...data.items.map(({ version }) => version))
      cursor = data.next_cursor
    }
    assert.deepEqual(
      seen,
      all.items.map(({ version }) => version)
    )
  })

  test('of any stream is shown to administrators, without secrets', async ({ assert }) => {
    await admin.put('/api/v1/admin/settings', { json: { app_name: 'Pictures' } })
    await owner.put('/api/v1/users/me', {
      json: { password: 'another password', current_password: 'a password for tests' },
    })
    const site = await admin.get<HistoryJson>('/api/v1/admin/streams/site')
    assert.containsSubset(site.data.state, { settings: { app_name: 'Pictures' } })
    const account = await admin.get<HistoryJson>(`/api/v1/admin/streams/account-${ownerId}`)
    assert.equal(account.data.items[0]?.type, 'account.password_changed')
    assert.notInclude(JSON.stringify(account.data), 'another password')
    assert.containsSubset(account.data.state, { email: 'owner@example.org', frozen: false })
    for (const none of ['image-99999', 'nonsense', '..', 'image-1%20']) {
      assert.equal((await admin.get(`/api/v1/admin/streams/${none}`)).status, 404)
    }
  })

  test('of the whole log is filtered: {title}')
    .with(() => [
      { title: 'by type', query: () => '?type=image.deleted', types: ['image.deleted'] },
      {
        title: 'by stream and time',
        query: () => `?stream=image-${image.id}&date_from=${image.created_at}&page_size=3`,
        types: ['image.deleted', 'image.permission_changed', 'image.uploaded'],
      },
      { title: 'from a time to come', query: () => '?date_from=2101-01-01', types: [] },
      { title: 'to a time long ago', query: () => '?date_to=2001-01-01', types: [] },
      {
        title: 'by whoever acted, and type',
        query: () => `?actor_user_id=${ownerId}&type=image.permission_changed`,
        types: ['image.permission_changed'],
      },
      { title: 'by a type that is none', query: () => '?type=nothing.like_it', types: [] },
    ])
    .run(async ({ assert }, { query, types }) => {
      const { data } = await events(query())
      assert.deepEqual(
        data.items.map(({ type }) => type),
        types
      )
    })

  test('of the whole log is found by origin, whatever of it was taken in', async ({
    assert,
    cleanup,
  }) => {
    const { databaseUrl } = server.services.config
    const origins = new LogIndexes({ connectionString: databaseUrl, warn: () => {} })
    cleanup(() => origins.stop())
    const found = async () => {
      const answers = await Promise.all(
        [
          `?correlation_id=${deletion}`,
          `?actor_user_id=${ownerId}`,
          `?actor_user_id=${ownerId}&type=image.uploaded`,
          `?actor_user_id=${ownerId}&date_to=${image.created_at}`,
          `?actor_user_id=${ownerId}&stream=image-${image.id}`,
        ].map(events)
      )
      return answers.map(({ data }) => data.items.map(({ position }) => position))
    }
    const before = await found()
    assert.isTrue(before.every((positions) => positions.length > 0))
    await origins.take()
    assert.deepEqual(await found(), before)
    await owner.put('/api/v1/users/me', { json: { name: 'Grace' } })
    const { position: last } = await server.services.eventStore.head()
    const [, byActor = []] = await found()
    assert.deepEqual(byActor, [last, ...(before[1] ?? [])])
  })

  test('of the whole log comes in pages without a gap', async ({ assert }) => {
    const { position: head } = await server.services.eventStore.head()
    const seen: number[] = []
    let cursor: string | null = ''
    while (cursor !== null) {
      const query: string = cursor === '' ? '?page_size=5' : `?page_size=5&cursor=${cursor}`
      const { data } = await events(query)
      seen.push(...data.items.map(({ position }) => position))
      cursor = data.next_cursor
    }
    const until = seen.filter((position) => position <= head)
    assert.deepEqual(
      until,
      Array.from({ length: head }, (_, index) => head - index)
    )
  })

  test('refuses {query}')
    .with(
      [
        '?cursor=x',
        '?cursor=0',
        '?page_size=101',
        '?actor_user_id=-1',
        '?date_from=today',
        `?correlation_id=${'x'.repeat(200)}`,
      ].map((query) => ({ query }))
    )
    .run(async ({ assert }, { query }) => {
      assert.equal((await events(query)).status, 400)
    })
})
