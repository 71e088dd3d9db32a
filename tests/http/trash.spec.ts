import { test } from '@japa/runner'
import { plainPng } from '#tests/fixtures/images'
import type { ApiClient, ImageJson, PageJson } from '#tests/helpers/api'
import { startWebServer, type TestWebServer } from '#tests/helpers/web_server'

const TRASH = '/api/v1/trash'

interface TrashedJson extends ImageJson {
  deleted_at: string
  restorable_until: string
  owner_email: string
}

test.group('Trash', (group) => {
  group.each.timeout(30_000)
  let server: TestWebServer
  let admin: ApiClient
  let user: ApiClient
  let uploads = 0

  group.setup(async () => {
    server = await startWebServer()
    admin = await server.setUp()
    user = await server.addUser('user@example.org')
    return () => server.stop()
  })

  const upload = async (api = user, fields: Record<string, string> = {}) => {
    uploads += 1
    const bytes = await plainPng(10 + uploads, 10)
    return (await api.upload(bytes, 'sea.png', fields)).data
  }
  const remove = async (image: ImageJson, api = user) => {
    await api.delete(`/api/v1/images/${image.key}`)
    return image
  }
  const restore = (image: ImageJson, api = user) =>
    api.post<ImageJson>(`/api/v1/images/${image.key}/restore`)
  const pathOf = (url: string) => new URL(url).pathname

  test('a deleted image is gone, and comes back at its old address', async ({ assert }) => {
    const image = await remove(await upload())
    assert.equal((await server.api.get(pathOf(image.links.url))).status, 404)

    const trash = await user.get<PageJson<TrashedJson>>(TRASH)
    assert.containSubset(trash.data, { total: 1, items: [{ key: image.key }] })
    const [trashed] = trash.data.items
    const days = Date.parse(trashed?.restorable_until ?? '') - Date.parse(trashed?.deleted_at ?? '')
    assert.equal(days, 7 * 24 * 60 * 60 * 1000)

    const restored = await restore(image)
    assert.deepEqual(restored.data, image)
    assert.equal((await server.api.get(pathOf(image.links.url))).status, 200)
    assert.equal((await user.get<PageJson<TrashedJson>>(TRASH)).data.total, 0)
    assert.equal((await restore(image)).status, 404)
  })

  test('it weighs nothing while it is away, and must fit when it comes back', async ({
    assert,
  }) => {
    const owner = await server.addUser('narrow@example.org', 1_000)
    const image = await remove(await upload(owner), owner)
    const { data } = await owner.get<{ used_bytes: number }>('/api/v1/users/me')
    assert.equal(data.used_bytes, 0)
    for (let weight = 0; weight + image.size_bytes <= 1_000;) {
      weight += (await upload(owner)).size_bytes
    }
    const refused = await restore(image, owner)
    assert.equal(refused.status, 422)
  })

  test('it is its owner’s; administrators see all', async ({ assert }) => {
    const image = await remove(await upload())
    const other = await server.addUser('stranger@example.org')
    assert.equal((await other.get<PageJson<TrashedJson>>(TRASH)).data.total, 0)
    assert.equal((await restore(image, other)).status, 404)
    assert.equal((await other.delete(`${TRASH}/${image.key}`)).status, 404)

    const all = await admin.get<PageJson<TrashedJson>>('/api/v1/admin/trash')
    assert.containSubset(all.data.items, [{ key: image.key, owner_email: 'user@example.org' }])
    assert.equal((await admin.post(`/api/v1/admin/images/${image.id}/restore`)).status, 200)
    await remove(image)
    assert.equal((await admin.delete(`/api/v1/admin/trash/${image.id}`)).status, 200)
    assert.equal((await restore(image)).status, 404)
  })

  test('is emptied by one, or of all', async ({ assert }) => {
    const owner = await server.addUser('tidy@example.org')
    const images = [await upload(owner), await upload(owner), await upload(owner)]
    for (const image of images) {
      await remove(image, owner)
    }
    assert.equal((await owner.delete(`${TRASH}/${images[0]?.key}`)).status, 200)
    assert.equal((await owner.delete(`${TRASH}/${images[0]?.key}`)).status, 404)
    const emptied = await owner.delete<{ purged: number }>(TRASH)
    assert.equal(emptied.data.purged, 2)
    assert.equal((await owner.get<PageJson<TrashedJson>>(TRASH)).data.total, 0)
  })

  test('an album counts what is in it', async ({ assert }) => {
    const { data: album } = await user.post<{ id: number }>('/api/v1/albums', {
      json: { name: 'Sea' },
    })
    const count = async () =>
      (
        await user.get<PageJson<{ id: number; image_num: number }>>('/api/v1/albums')
      ).data.items.find(({ id }) => id === album.id)?.image_num
    const image = await upload(user, { album_id: String(album.id) })
    assert.equal(await count(), 1)
    await remove(image)
    assert.equal(await count(), 0)
    await restore(image)
    assert.equal(await count(), 1)
  })
})
