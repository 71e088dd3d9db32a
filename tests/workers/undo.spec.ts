import { test } from '@japa/runner'
import { plainPng } from '#tests/fixtures/images'
import type { ApiClient, ImageJson, PageJson, UserJson } from '#tests/helpers/api'
import { filesBelow } from '#tests/helpers/files_below'
import { startWorker, type SiteProcess } from '#tests/helpers/site_process'
import { waitFor } from '#tests/helpers/wait_for'
import { startWebServer, type TestWebServer } from '#tests/helpers/web_server'

const IMAGES = '/api/v1/images'
const TRASH = '/api/v1/trash'
const RETENTION_MILLISECONDS = 2_000

test.group('Undo, through the workers', (group) => {
  group.each.timeout(60_000)
  let server: TestWebServer
  let worker: SiteProcess
  let admin: ApiClient
  let user: ApiClient

  group.each.setup(async () => {
    server = await startWebServer()
    worker = startWorker(server.services.config)
    admin = await server.setUp()
    user = await server.addUser('user@example.org')
    return async () => {
      await worker.stop()
      await server.stop()
    }
  })

  const files = async (kind: RegExp) =>
    (await filesBelow(server.dataDir)).filter((path) => kind.test(path))
  const ORIGINALS = /^objects\/(?!thumbnails\/|exports\/|\.temporary\/)/
  const THUMBNAILS = /\/thumbnails\//
  const VARIANTS = /\/variants\/.*\.webp$/

  /** An image that was looked at: it has a thumbnail and a variant. */
  const shown = async (width: number): Promise<ImageJson> => {
    const { data: image } = await user.upload(await plainPng(width, 40), `${width}.png`)
    const path = new URL(image.links.url).pathname
    assertOk(await user.get(`${path}@w_10,f_webp`))
    await waitFor(
      async () =>
        (await user.get<{ thumbnail: string }>(`${IMAGES}/${image.key}/pipeline`)).data
          .thumbnail === 'completed',
      { what: 'the thumbnail', timeoutMs: 20_000 }
    )
    return image
  }
  const assertOk = ({ status }: { status: number }) => {
    if (status !== 200) {
      throw new Error(`It answered ${status}`)
    }
  }

  test('what was deleted comes back whole, for its owner and for an administrator', async ({
    assert,
  }) => {
    const [first, second] = [await shown(41), await shown(42)]
    await user.delete(`${IMAGES}/${first.key}`)
    await user.delete(`${IMAGES}/${second.key}`)
    const { data: trash } = await user.get<PageJson<ImageJson>>(TRASH)
    assert.sameMembers(
      trash.items.map(({ key }) => key),
      [first.key, second.key]
    )
    assert.equal((await user.get<UserJson>('/api/v1/users/me')).data.image_num, 0)
    for (const kind of [ORIGINALS, THUMBNAILS, VARIANTS]) {
      assert.lengthOf(await files(kind), 2, `${kind} are kept`)
    }

    assert.equal((await user.post(`${IMAGES}/${first.key}/restore`)).status, 200)
    assert.equal((await admin.post(`/api/v1/admin/images/${second.id}/restore`)).status, 200)
    for (const { links } of [first, second]) {
      assertOk(await user.get(new URL(links.url).pathname))
      assertOk(await user.get(new URL(links.thumbnail_url).pathname))
    }
    assert.equal((await user.get<UserJson>('/api/v1/users/me')).data.image_num, 2)
  })

  test('the bytes go once it cannot come back, and not before', async ({ assert }) => {
    const image = await shown(43)
    const kept = await shown(44)
    await admin.put('/api/v1/admin/settings', {
      json: { deleted_image_retention: `${RETENTION_MILLISECONDS / 1_000}s` },
    })
    await user.delete(`${IMAGES}/${image.key}`)
    for (const kind of [ORIGINALS, THUMBNAILS, VARIANTS]) {
      await waitFor(async () => (await files(kind)).length === 1, {
        what: `${kind} to go`,
        timeoutMs: 20_000,
      })
    }
    const events = await server.services.eventStore.readStream(`image-${image.id}`)
    const at = (type: string) =>
      Date.parse(events.find((event) => event.type === type)?.recordedAt ?? '')
    assert.isAtLeast(at('image.purged') - at('image.deleted'), RETENTION_MILLISECONDS)
    assert.isAtLeast(at('image.object_removed'), at('image.purged'))
    assert.equal((await user.post(`${IMAGES}/${image.key}/restore`)).status, 404)
    assert.isEmpty((await user.get<PageJson<ImageJson>>(TRASH)).data.items)
    assertOk(await user.get(new URL(kept.links.url).pathname))
  })
})
