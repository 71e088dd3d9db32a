import { test } from '@japa/runner'
import { plainPng } from '#tests/fixtures/images'
import type { AlbumJson, ApiClient, ImageJson, ListedImageJson, PageJson } from '#tests/helpers/api'
import { startWebServer, type TestWebServer } from '#tests/helpers/web_server'

const IMAGES = '/api/v1/images'
const HOUR = 3_600_000

test.group('Images', (group) => {
  group.each.timeout(30_000)
  let server: TestWebServer
  let admin: ApiClient
  let user: ApiClient
  let other: ApiClient

  group.setup(async () => {
    server = await startWebServer()
    admin = await server.setUp()
    user = await server.addUser('user@example.org')
    other = await server.addUser('other@example.org')
    return () => server.stop()
  })

  const upload = async (fields: Record<string, string> = {}, name = 'photo.png', api = user) =>
    (await api.upload(await plainPng(), name, fields)).data
  const list = (query = '', api = user) => api.get<PageJson<ListedImageJson>>(`${IMAGES}${query}`)
  const patch = (image: ImageJson, json: unknown, api = user) =>
    api.patch<ImageJson>(`${IMAGES}/${image.key}`, { json })

  test('are seen by their owner, by others when public, by administrators always', async ({
    assert,
  }) => {
    const open = await upload()
    const hidden = await upload({ permission: '0' })
    const statuses = async (image: ImageJson) =>
      Promise.all(
        [user, other, admin].map(async (api) => (await api.get(`${IMAGES}/${image.key}`)).status)
      )

    assert.deepEqual(await statuses(open), [200, 200, 200])
    assert.deepEqual(await statuses(hidden), [200, 404, 200])
    assert.deepEqual((await user.get<ImageJson>(`${IMAGES}/${hidden.key}`)).data, hidden)
  })

  test('are changed and deleted by their owner and by administrators', async ({ assert }) => {
    const image = await upload()

    assert.equal((await patch(image, { permission: 0 }, other)).status, 404)
    assert.equal((await other.delete(`${IMAGES}/${image.key}`)).status, 404)
    assert.equal((await patch(image, { permission: 0 }, admin)).data.permission, 0)
    assert.equal((await admin.delete(`${IMAGES}/${image.key}`)).status, 200)
    assert.equal((await user.get(`${IMAGES}/${image.key}`)).status, 404)
    assert.equal((await user.delete(`${IMAGES}/${image.key}`)).status, 404)
  })

  test('move into an album and out of it', async ({ assert }) => {
    const album = await user.post<AlbumJson>('/api/v1/albums', { json: { name: 'Trip' } })
    const albumNum = async () =>
      (await user.get<PageJson<AlbumJson>>('/api/v1/albums')).data.items[0]?.image_num
    const image = await upload()
    const moved = await patch(image, { album_id: album.data.id })
    assert.equal(moved.data.album_id, album.data.id)
    assert.equal(await albumNum(), 1)

    const out = await patch(image, { album_id: null })
    assert.isNull(out.data.album_id)
    assert.equal(await albumNum(), 0)
  })

  test('stay when their album goes', async ({ assert }) => {
    const album = await user.post<AlbumJson>('/api/v1/albums', { json: { name: 'Short' } })
    const image = await upload({ album_id: String(album.data.id) })
    await user.delete(`/api/v1/albums/${album.data.id}`)

    assert.isNull((await user.get<ImageJson>(`${IMAGES}/${image.key}`)).data.album_id)
    assert.deepEqual((await list(`?album_id=${album.data.id}`)).data.items, [])
  })

  test('get a lifetime and lose it', async ({ assert }) => {
    const image = await upload()
    const mortal = await patch(image, { expires_in: '7d' })
    assert.closeTo(Date.parse(mortal.data.expires_at ?? '') - Date.now(), 7 * 24 * HOUR, 60_000)
    assert.isNotNull((await patch(image, { permission: 0 })).data.expires_at, 'left out, it stays')
    assert.isNull((await patch(image, { expires_in: null })).data.expires_at)
  })

  test('are gone when their time has come, swept or not', async ({ assert }) => {
    const owner = await server.addUser('mortal@example.org')
    const image = await upload({ expires_in: '24h' }, 'a.png', owner)
    await server.services.pool.query(
      `update read.images set expires_at = now() - interval '1 ms' where image_id = $1`,
      [image.id]
    )

    assert.equal((await owner.get(`${IMAGES}/${image.key}`)).status, 404)
    assert.equal((await owner.get(new URL(image.links.url).pathname)).status, 404)
    assert.deepEqual((await list('', owner)).data.items, [])
  })

  test('an empty change changes nothing', async ({ assert }) => {
    const image = await upload()
    const { position } = await server.services.eventStore.head()
    const { status, data } = await patch(image, { unknown: 1 })

    assert.equal(status, 200)
    assert.deepEqual(data, image)
    assert.equal((await server.services.eventStore.head()).position, position)
  })

  test('the change {$i} is refused')
    .with([
      { json: { album_id: 'x' }, status: 400 },
      { json: { album_id: 0 }, status: 400 },
      { json: { album_id: 1.5 }, status: 400 },
      { json: { album_id: 9007199254740993 }, status: 400 },
      { json: { album_id: 987654 }, status: 404 },
      { json: { permission: 2 }, status: 400 },
      { json: { permission: true }, status: 400 },
      { json: { expires_in: 3600 }, status: 400 },
      { json: { expires_in: 'never' }, status: 400 },
      { json: [], status: 400 },
    ])
    .run(async ({ assert }, { json, status }) => {
      assert.equal((await patch(await upload(), json)).status, status)
    })

  test('the key {$self} is not found')
    .with([
      'abc',
      'ABCDEF',
      'nosuch',
      'x'.repeat(33),
      '%00%00%00%00%00%00',
      '..%2f..%2fetc',
      '日本語日本語',
    ])
    .run(async ({ assert }, key) => {
      assert.equal((await user.get(`${IMAGES}/${key}`)).status, 404)
      assert.equal((await user.delete(`${IMAGES}/${key}`)).status, 404)
    })
})

test.group('Lists of images', (group) => {
  group.each.timeout(30_000)
  let server: TestWebServer
  let owner: ApiClient

  group.setup(async () => {
    server = await startWebServer()
    await server.setUp()
    owner = await server.addUser('owner@example.org')
    for (let index = 0; index < 25; index++) {
      await owner.upload(await plainPng(), `photo ${index}.png`)
    }
    return () => server.stop()
  })

  const list = (query = '', api = owner) => api.get<PageJson<ListedImageJson>>(`${IMAGES}${query}`)
  const names = ({ data }: { data: PageJson<ListedImageJson> }) =>
    data.items.map(({ origin_name: name }) => name)
  const expected = (from: number, to: number) =>
    Array.from({ length: from - to + 1 }, (_, index) => `photo ${from - index}.png`)

  test('come newest first, twenty at a time', async ({ assert }) => {
    const first = await list()
    const second = await list('?page=2')

    assert.deepEqual(names(first), expected(24, 5))
    assert.deepEqual(names(second), expected(4, 0))
    assert.containsSubset(first.data, { total: 25, page: 1, size: 20, total_pages: 2 })
    assert.isNull(second.data.next_cursor)
    assert.containsSubset(first.data.items[0], {
      strategy_name: 'Local storage',
      strategy_type: 'local',
      url: first.data.items[0]?.links.url,
      thumbnail_url: first.data.items[0]?.links.thumbnail_url,
    })
  })

  test('are walked by cursor to their end', async ({ assert }) => {
    const seen: (string | null)[] = []
    let cursor: string | null = ''
    let page = 0
    while (cursor !== null) {
      const answer = await list(`?page_size=7&cursor=${cursor}`)
      seen.push(...names(answer))
      page += 1
      assert.containsSubset(answer.data, { page, size: 7, total: 25, total_pages: 4 })
      cursor = answer.data.next_cursor
    }

    assert.deepEqual(seen, expected(24, 0))
  })

  test('a walk is not disturbed by what comes meanwhile', async ({ assert }) => {
    const api = await server.addUser('walker@example.org')
    for (const name of ['a', 'b', 'c', 'd']) {
      await api.upload(await plainPng(), name)
    }
    const first = await list('?page_size=2', api)
    await api.upload(await plainPng(), 'e')
    const second = await list(`?page_size=2&cursor=${first.data.next_cursor}`, api)

    assert.deepEqual([...names(first), ...names(second)], ['d', 'c', 'b', 'a'])
  })

  test('many of one moment are neither lost nor shown twice', async ({ assert }) => {
    await server.services.pool.query(`update read.images set created_at = '2025-11-23T21:25:00Z'`)
    const seen = new Set<number>()
    let cursor: string | null = ''
    while (cursor !== null) {
      const { data }: { data: PageJson<ListedImageJson> } = await list(
        `?page_size=4&cursor=${cursor}`
      )
      data.items.forEach(({ id }) => seen.add(id))
      cursor = data.next_cursor
    }

    assert.equal(seen.size, 25)
  })

  test('are narrowed', async ({ assert }) => {
    const api = await server.addUser('filters@example.org')
    const album = await api.post<AlbumJson>('/api/v1/albums', { json: { name: 'A' } })
    const send = (name: string, fields: Record<string, string> = {}) =>
      plainPng().then((bytes) => api.upload(bytes, name, fields))
    await send('plain.png')
    await send('in album.png', { album_id: String(album.data.id) })
    await send('private.png', { permission: '0' })
    const keyed = await send('100%_sure.png')
    const today = new Date().toISOString().slice(0, 10)
    const cases: Record<string, number> = {
      [`album_id=${album.data.id}`]: 1,
      'keyword=ALBUM': 1,
      'keyword=%25_': 1,
      'keyword=%25': 1,
      'keyword=_': 1,
      'keyword=%5C': 0,
      'keyword=%5C%25': 0,
      [`keyword=${keyed.data.key}`]: 1,
      'keyword=': 4,
      'extension=png': 4,
      'extension=PNG': 4,
      'extension=jpg': 0,
      'permission=0': 1,
      'permission=1': 3,
      'moderation_status=approved': 4,
      'moderation_status=pending': 0,
      [`date_from=${today}`]: 4,
      'date_from=2999-01-01': 0,
      [`date_to=${today}`]: 4,
      'date_to=2000-01-01': 0,
      'permission=1&keyword=album': 1,
      'album_id=987654': 0,
      'unknown=1': 4,
    }
    for (const [query, count] of Object.entries(cases)) {
      const { data } = await list(`?${query}`, api)
      assert.lengthOf(data.items, count, query)
      assert.equal(data.total, count, query)
    }
  })

  test('the query {$self} is refused')
    .with([
      'page=0',
      'page_size=101',
      'cursor=nonsense',
      'cursor=W10',
      'album_id=x',
      'album_id=-1',
      'permission=2',
      'extension=%2e%2e',
      'moderation_status=maybe',
      'date_from=yesterday',
      'date_to=2025-02-30',
      'keyword=%00',
      'keyword[]=a',
      'keyword=a&keyword=b',
    ])
    .run(async ({ assert }, query) => {
      assert.equal((await list(`?${query}`)).status, 400)
    })

  test('hold nobody else’s', async ({ assert }) => {
    const stranger = await server.addUser('stranger@example.org')
    const { data } = await list('', stranger)

    assert.containsSubset(data, { items: [], total: 0, total_pages: 0, next_cursor: null })
  })
})
