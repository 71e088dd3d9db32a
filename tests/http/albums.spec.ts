import { test } from '@japa/runner'
import type { AlbumJson, ApiClient, PageJson } from '#tests/helpers/api'
import { startWebServer, type TestWebServer } from '#tests/helpers/web_server'

const ALBUMS = '/api/v1/albums'

test.group('Albums', (group) => {
  group.each.timeout(30_000)
  let server: TestWebServer
  let admin: ApiClient
  let user: ApiClient

  group.setup(async () => {
    server = await startWebServer()
    admin = await server.setUp()
    user = await server.addUser('user@example.org')
    return () => server.stop()
  })

  const create = (json: object, api = user) => api.post<AlbumJson>(ALBUMS, { json })

  test('are made, listed, changed and deleted', async ({ assert }) => {
    const made = await create({ name: ' Summer ☀️ ', intro: 'By the sea' })
    assert.equal(made.status, 201)
    assert.containsSubset(made.data, { name: 'Summer ☀️', intro: 'By the sea', image_num: 0 })

    const changed = await user.put<AlbumJson>(`${ALBUMS}/${made.data.id}`, { json: { intro: '' } })
    assert.containsSubset(changed.data, { name: 'Summer ☀️', intro: '' })

    const listed = await user.get<PageJson<AlbumJson>>(ALBUMS)
    assert.deepEqual(listed.data.items, [changed.data])

    assert.equal((await user.delete(`${ALBUMS}/${made.data.id}`)).status, 200)
    assert.equal((await user.delete(`${ALBUMS}/${made.data.id}`)).status, 404)
    assert.equal((await user.get<PageJson<AlbumJson>>(ALBUMS)).data.total, 0)
  })

  test('are their owner’s', async ({ assert }) => {
    const { data } = await create({ name: 'Mine' })
    const other = await server.addUser('other@example.org')

    assert.equal((await other.put(`${ALBUMS}/${data.id}`, { json: { name: 'x' } })).status, 404)
    assert.equal((await other.delete(`${ALBUMS}/${data.id}`)).status, 404)
    assert.equal((await other.get<PageJson<AlbumJson>>(ALBUMS)).data.total, 0)
    assert.equal((await admin.put(`${ALBUMS}/${data.id}`, { json: { name: 'x' } })).status, 200)
  })

  test('come newest first, in pages', async ({ assert }) => {
    const owner = await server.addUser('pages@example.org')
    for (const name of ['a', 'b', 'c']) {
      await create({ name }, owner)
    }
    const first = await owner.get<PageJson<AlbumJson>>(`${ALBUMS}?page_size=2`)
    const beyond = await owner.get<PageJson<AlbumJson>>(`${ALBUMS}?page=9`)

    assert.deepEqual(
      first.data.items.map(({ name }) => name),
      ['c', 'b']
    )
    assert.containsSubset(first.data, { total: 3, page: 1, size: 2, total_pages: 2 })
    assert.containsSubset(beyond.data, { items: [], total: 3, page: 9, total_pages: 1 })
  })

  test('need sane fields ({$i})')
    .with([
      {},
      { name: '' },
      { name: null },
      { name: ['x'] },
      { name: 'x'.repeat(121) },
      { name: 'x', intro: 'x'.repeat(1001) },
      { name: 'nul \u0000' },
      { name: 'half \udc00' },
    ])
    .run(async ({ assert }, json) => {
      assert.equal((await create(json)).status, 400)
    })

  test('the id {$self} is not found')
    .with(['0', '-1', '1.5', 'abc', '9007199254740993', '99999999999999999999', '%00', '1%20'])
    .run(async ({ assert }, id) => {
      assert.equal((await user.delete(`${ALBUMS}/${id}`)).status, 404)
      assert.equal((await user.put(`${ALBUMS}/${id}`, { json: { name: 'x' } })).status, 404)
    })

  test('the page {$self} is refused')
    .with([
      'page=0',
      'page=-1',
      'page=x',
      'page=1&page=2',
      'page=1.5',
      'page[a]=1',
      'page_size=0',
      'page_size=101',
      'page=99999999999999999999',
    ])
    .run(async ({ assert }, query) => {
      assert.equal((await user.get(`${ALBUMS}?${query}`)).status, 400)
    })
})
