import { test } from '@japa/runner'
import { plainPng } from '#tests/fixtures/images'
import type { AdministeredImageJson, ApiClient, ImageJson, PageJson } from '#tests/helpers/api'
import { startWorker } from '#tests/helpers/site_process'
import { waitFor } from '#tests/helpers/wait_for'
import { startWebServer, type TestWebServer } from '#tests/helpers/web_server'

const PENDING = '/api/v1/admin/moderation/pending'

test.group('Moderation', (group) => {
  group.each.timeout(120_000)
  let server: TestWebServer
  let admin: ApiClient
  let owner: ApiClient
  let other: ApiClient
  let width = 20

  group.setup(async () => {
    server = await startWebServer()
    admin = await server.setUp()
    owner = await server.addUser('owner@example.org')
    other = await server.addUser('other@example.org')
    return () => server.stop()
  })
  group.each.setup(() => setMode('manual'))

  const setMode = async (mode: string) => {
    await admin.put('/api/v1/admin/settings', { json: { moderation_mode: mode } })
  }
  /** Different bytes each time: thumbnails are found by them. */
  const upload = async (by = owner) =>
    (await by.upload(await plainPng(width++, 16), 'x.png', { permission: '1' })).data
  const decide = (image: ImageJson, verb: string, json: object = {}) =>
    admin.post<AdministeredImageJson>(`/api/v1/admin/moderation/${image.id}/${verb}`, { json })
  /** Every route that serves bytes, and what tells of the image. */
  const pathsOf = ({ key, links }: ImageJson) => {
    const file = new URL(links.url).pathname
    const thumbnail = new URL(links.thumbnail_url).pathname
    return [file, `${file}@w_10,f_webp`, thumbnail, `/api/v1/images/${key}`]
  }
  const statuses = async (image: ImageJson, by: ApiClient) => {
    const answers = await Promise.all(pathsOf(image).map((path) => by.get(path)))
    return answers.map(({ status }) => status)
  }

  test('what waits is for its owner and administrators, on every route', async ({ assert }) => {
    const image = await upload()

    assert.equal(image.moderation_status, 'pending')
    assert.deepEqual(await statuses(image, owner), [200, 200, 200, 200])
    assert.deepEqual(await statuses(image, admin), [200, 200, 200, 200])
    assert.deepEqual(await statuses(image, other), [404, 404, 404, 404])
    assert.deepEqual((await statuses(image, server.api)).slice(0, 3), [404, 404, 404])

    await decide(image, 'approve')
    assert.deepEqual(await statuses(image, other), [200, 200, 200, 200])
    assert.deepEqual((await statuses(image, server.api)).slice(0, 3), [200, 200, 200])
  })

  test('what was rejected is hidden with its reason, and may be approved after all', async ({
    assert,
  }) => {
    const image = await upload()
    await decide(image, 'approve')
    assert.equal((await statuses(image, server.api))[0], 200)
    const rejected = await decide(image, 'reject', { reason: 'an advertisement' })

    assert.containsSubset(rejected.data, {
      moderation_status: 'rejected',
      moderation_reason: 'an advertisement',
    })
    assert.deepEqual(await statuses(image, other), [404, 404, 404, 404])
    assert.deepEqual(await statuses(image, owner), [200, 200, 200, 200])
    const approved = await decide(image, 'approve')
    assert.equal(approved.data.moderation_status, 'approved')
    assert.deepEqual(await statuses(image, other), [200, 200, 200, 200])
  })

  test('administrators’ own uploads do not wait', async ({ assert }) => {
    assert.equal((await upload(admin)).moderation_status, 'approved')
  })

  test('many are decided at once; what is not there does not keep the others', async ({
    assert,
  }) => {
    const images = [await upload(), await upload(), await upload()]
    const ids = images.map(({ id }) => id)
    const approved = await admin.post('/api/v1/admin/moderation/approve', {
      json: { ids: [ids[0], 987_654_321, ids[1]] },
    })
    const rejected = await admin.post('/api/v1/admin/moderation/reject', {
      json: { ids: [ids[2]], reason: 'no' },
    })

    assert.deepEqual(approved.data, { approved: [ids[0], ids[1]], failed: [987_654_321] })
    assert.deepEqual(rejected.data, { rejected: [ids[2]], failed: [] })
    const { data } = await admin.get<PageJson<AdministeredImageJson>>(PENDING)
    assert.isTrue(data.items.every(({ id }) => !ids.includes(id)))
  })

  test('turning it off approves what waits', async ({ assert, cleanup }) => {
    const images = [await upload(), await upload()]
    const worker = startWorker(server.services.config)
    cleanup(() => worker.stop())
    await setMode('disabled')

    await waitFor(
      async () => (await admin.get<PageJson<AdministeredImageJson>>(PENDING)).data.total === 0,
      { what: 'nothing to wait', timeoutMs: 60_000 }
    )
    for (const image of images) {
      assert.deepEqual(await statuses(image, other), [200, 200, 200, 200])
    }
    assert.equal((await upload()).moderation_status, 'approved')
  })
})
