import { test } from '@japa/runner'
import { plainPng } from '#tests/fixtures/images'
import type { ApiClient, ImageJson, PageJson, ShareJson } from '#tests/helpers/api'
import { waitFor } from '#tests/helpers/wait_for'
import { startWebServer, SYSTEM, type TestWebServer } from '#tests/helpers/web_server'

const pathOf = (url: string) => {
  const { pathname, search } = new URL(url)
  return pathname + search
}

test.group('Shared links', (group) => {
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

  const uploadPrivate = async (api = user) => {
    uploads += 1
    return (await api.upload(await plainPng(10 + uploads, 10), 'sea.png', { permission: '0' })).data
  }
  const share = async (image: ImageJson, wanted: object = {}, api = user) =>
    (
      await api.post<ShareJson>(`/api/v1/images/${image.key}/share`, {
        json: { expires_in: '24h', ...wanted },
      })
    ).data
  const open = (url: string, headers: Record<string, string> = {}) =>
    server.api.get(pathOf(url), { headers })
  const listOf = async (image: ImageJson, api = user) =>
    (await api.get<PageJson<ShareJson>>(`/api/v1/images/${image.key}/shares`)).data

  test('show a private image to whoever has them, and are kept by nobody', async ({ assert }) => {
    const image = await uploadPrivate()
    const link = await share(image)
    assert.equal((await open(image.links.url)).status, 404)
    for (const url of [link.url, link.thumbnail_url]) {
      const answer = await open(url)
      assert.equal(answer.status, 200)
      assert.equal(answer.headers.get('cache-control'), 'private, no-store')
    }
    assert.containSubset(link, { status: 'active', views: 0, max_views: null })
    assert.closeTo(Date.parse(link.expires_at) - Date.parse(link.created_at), 86_400_000, 1_000)
  })

  test('open their own image only, and only as they were signed', async ({ assert }) => {
    const [image, other] = [await uploadPrivate(), await uploadPrivate()]
    const { search } = new URL((await share(image)).url)
    assert.equal((await open(other.links.url + search)).status, 404)
    assert.equal((await open(other.links.thumbnail_url + search)).status, 404)
    const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    const last = search.slice(-1)
    const forged = [
      // Among them three that spell the same bytes.
      ...[...letters]
        .filter((letter) => letter !== last)
        .map((letter) => search.slice(0, -1) + letter),
      search.replace(/=[^-]+/, '=zz'),
      search.replace(/-[^-]+-/, '-zzzzzzzz-'),
      '?share=',
      '?share=nonsense',
      `${search}&share=x`,
    ]
    for (const query of forged) {
      const answer = await open(image.links.url + query)
      assert.equal(answer.status, 404, query)
      assert.isNull(answer.headers.get('etag'))
    }
  })

  test('are seen and made by the owner and administrators only', async ({ assert }) => {
    const image = (await user.upload(await plainPng(99, 9))).data
    const stranger = await server.addUser('stranger@example.org')
    const made = await share(image, {}, admin)
    const path = `/api/v1/images/${image.key}`
    const json = { expires_in: '1h' }
    assert.equal((await stranger.post(`${path}/share`, { json })).status, 404)
    assert.equal((await stranger.get(`${path}/shares`)).status, 404)
    assert.equal((await stranger.delete(`${path}/shares/${made.id}`)).status, 404)
    assert.deepEqual((await listOf(image)).items, (await listOf(image, admin)).items)
    assert.containSubset((await listOf(image)).items, [{ id: made.id, url: made.url }])
  })

  test('what they are to be must make sense', async ({ assert }) => {
    const image = await uploadPrivate()
    for (const [field, json] of [
      ['expires_in', {}],
      ['expires_in', { expires_in: 'soon' }],
      ['expires_in', { expires_in: 5 }],
      ['max_views', { expires_in: '1h', max_views: 0 }],
      ['max_views', { expires_in: '1h', max_views: 1.5 }],
      ['max_views', { expires_in: '1h', max_views: 1_001 }],
    ] as const) {
      const answer = await user.post(`/api/v1/images/${image.key}/share`, { json })
      assert.equal(answer.status, 400)
      assert.property(answer.data, field)
    }
  })

  test('show nothing once their time is over', async ({ assert }) => {
    const image = await uploadPrivate()
    const link = await share(image, { expires_in: '1s' })
    await waitFor(async () => (await open(link.url)).status === 404, { what: 'its end' })
    assert.containSubset((await listOf(image)).items, [{ id: link.id, status: 'expired' }])
  })

  test('show nothing once they are revoked', async ({ assert }) => {
    const image = await uploadPrivate()
    const [first, second] = [await share(image), await share(image, { max_views: 5 })]
    const path = `/api/v1/images/${image.key}/shares`
    for (const link of [first, second]) {
      assert.equal((await open(link.url)).status, 200)
      assert.equal((await user.delete(`${path}/${link.id}`)).status, 200)
      assert.equal((await open(link.url)).status, 404)
      assert.equal((await user.delete(`${path}/${link.id}`)).status, 404)
    }
    assert.equal((await listOf(image)).total, 0)
  })

  test('without a bound count what is seen of the picture', async ({ assert }) => {
    const image = await uploadPrivate()
    const link = await share(image)
    const { headers } = await open(link.url)
    await server.api.head(pathOf(link.url))
    await open(link.url, { 'if-none-match': headers.get('etag') ?? '' })
    await open(link.url, { range: 'bytes=20-40' })
    await open(link.url, { range: 'bytes=0-10' })
    await open(link.thumbnail_url)
    const { items } = await listOf(image)
    assert.containSubset(items, [{ id: link.id, views: 3 }])
    assert.isString(items[0]?.last_viewed_at)

    await server.services.handlers.share.recordViews(
      { shareId: link.id, views: 4, maxViews: null },
      SYSTEM
    )
    await waitFor(async () => (await listOf(image)).items[0]?.views === 7, {
      what: 'the views of another process',
    })
  })

  test('with a bound are opened so often and not once more', async ({ assert }) => {
    const image = await uploadPrivate()
    const link = await share(image, { max_views: 10 })
    const fromHere = () =>
      server.services.handlers.share
        .recordViews({ shareId: link.id, views: 1, maxViews: 10 }, SYSTEM)
        .then(
          () => 200,
          () => 404
        )
    const statuses = await Promise.all(
      Array.from({ length: 50 }, async (_, index) =>
        index % 5 === 0 ? fromHere() : (await open(link.url)).status
      )
    )
    assert.lengthOf(
      statuses.filter((status) => status === 200),
      10
    )
    assert.lengthOf(
      statuses.filter((status) => status === 404),
      40
    )
    const refused = await open(link.url)
    assert.equal(refused.status, 404)
    assert.deepEqual(refused.data, (await open(image.links.url)).data)
    assert.isNull(refused.headers.get('etag'))
    await waitFor(async () => (await listOf(image)).items[0]?.views === 10, {
      what: 'the last view',
    })
    assert.containSubset((await listOf(image)).items, [{ status: 'used_up' }])
  })

  test('with a bound give no parts, and asking for headers costs nothing', async ({ assert }) => {
    const image = await uploadPrivate()
    const link = await share(image, { max_views: 2 })
    const head = await server.api.head(pathOf(link.url))
    assert.equal(head.headers.get('accept-ranges'), 'none')
    const etag = head.headers.get('etag') ?? ''
    assert.equal((await open(link.url, { 'if-none-match': etag })).status, 304)
    const answer = await open(link.url, { range: 'bytes=0-0' })
    assert.equal(answer.status, 200)
    assert.equal(answer.bytes.length, image.size_bytes)
    assert.equal((await open(link.thumbnail_url)).status, 200)
    assert.equal((await open(link.url)).status, 404)
  })

  test('end with the deletion of the image, also when it is restored', async ({ assert }) => {
    const image = await uploadPrivate()
    const link = await share(image)
    await user.delete(`/api/v1/images/${image.key}`)
    assert.equal((await open(link.url)).status, 404)
    assert.equal((await user.post(`/api/v1/images/${image.key}/restore`)).status, 200)
    assert.equal((await open(link.url)).status, 404)
  })

  test('end with a moderator’s rejection, also when it is approved after all', async ({
    assert,
  }) => {
    const image = await uploadPrivate()
    const link = await share(image)
    await admin.post(`/api/v1/admin/moderation/${image.id}/reject`, { json: {} })
    assert.equal((await open(link.url)).status, 404)
    const json = { expires_in: '1h' }
    assert.equal((await user.post(`/api/v1/images/${image.key}/share`, { json })).status, 422)
    await admin.post(`/api/v1/admin/moderation/${image.id}/approve`)
    assert.equal((await open(link.url)).status, 404)
    assert.equal((await open((await share(image)).url)).status, 200)
  })

  test('show nothing of a frozen account', async ({ assert }) => {
    const owner = await server.addUser('frozen@example.org')
    const { data: profile } = await owner.get<{ id: number }>('/api/v1/users/me')
    const image = await uploadPrivate(owner)
    const links = [await share(image, {}, owner), await share(image, { max_views: 3 }, owner)]
    await admin.put(`/api/v1/admin/users/${profile.id}`, { json: { status: 0 } })
    for (const link of links) {
      assert.equal((await open(link.url)).status, 404)
    }
  })

  test('leave their facts in the log, and not their signatures', async ({ assert }) => {
    const image = await uploadPrivate()
    const link = await share(image, { max_views: 1 })
    await open(link.url)
    const signature = new URL(link.url).searchParams.get('share')?.split('-').slice(2).join('-')
    const events = await server.services.eventStore.readStream(`image-${image.id}`)
    const views = await server.services.eventStore.readStream(`share-${link.id}`)
    assert.lengthOf(views, 1)
    assert.notInclude(JSON.stringify([...events, ...views]), signature ?? 'nothing')
  })
})
