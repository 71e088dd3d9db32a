import { test } from '@japa/runner'
import { SeededRandom } from '#tests/chaos/random'
import { plainPng } from '#tests/fixtures/images'
import {
  ApiClient,
  type AlbumJson,
  type ImageJson,
  type ListedImageJson,
  type NewApiTokenJson,
  type PageJson,
  type UserJson,
} from '#tests/helpers/api'
import { startOneMoreWebServer, type SiteProcess } from '#tests/helpers/site_process'
import { waitFor } from '#tests/helpers/wait_for'
import {
  startWebServer,
  SYSTEM,
  USER_PASSWORD,
  type TestWebServer,
} from '#tests/helpers/web_server'

const ME = '/api/v1/users/me'
const IMAGES = '/api/v1/images'
const ALBUMS = '/api/v1/albums'
const CHANGES = 60
const READERS = 3

test.group('Kept answers', (group) => {
  group.each.timeout(60_000)
  let server: TestWebServer
  let other: SiteProcess & { url: string }
  let admin: ApiClient

  group.setup(async () => {
    server = await startWebServer()
    other = await startOneMoreWebServer(server.services.config, { APP_URL: server.api.url })
    admin = await server.setUp()
    return async () => {
      await other.stop()
      await server.stop()
    }
  })

  /** The same client, at the other process. */
  const elsewhere = (client: ApiClient) => new ApiClient(other.url, server.checker, client.token)

  const tokenOf = async (user: ApiClient) => {
    const json = { name: 'reader', scopes: ['read'] }
    const { data } = await user.post<NewApiTokenJson>('/api/v1/api-tokens', { json })
    return { id: data.id, reader: elsewhere(user).as(data.token) }
  }

  /** Reads so often that the answer is kept by then. */
  const warm = async (reader: ApiClient, path: string) => {
    await reader.get(path)
    return reader.get(path)
  }

  test('are given again while nothing is stamped', async ({ assert }) => {
    const user = await server.addUser('kept@example.org')
    const { reader } = await tokenOf(user)
    const { bytes, headers } = await warm(reader, ME)
    await server.services.pool.query(
      `update read.accounts set name = 'behind its back' where email = 'kept@example.org'`
    )
    const again = await reader.get(ME)

    assert.deepEqual(again.bytes, bytes)
    assert.equal(again.headers.get('cache-control'), headers.get('cache-control'))
    assert.equal(again.headers.get('content-type'), headers.get('content-type'))
    assert.notEqual(again.headers.get('x-request-id'), headers.get('x-request-id'))

    await user.post(ALBUMS, { json: { name: 'stamps the account' } })
    assert.equal((await reader.get<UserJson>(ME)).data.name, 'behind its back')
  })

  test('show every change in the very next answer of another process', async ({ assert }) => {
    const user = await server.addUser('changes@example.org')
    const { reader } = await tokenOf(user)
    const seeded = new SeededRandom(7)
    const random = () => seeded.next()
    const pick = <Item>(items: readonly Item[]) => items[seeded.below(items.length)]
    let name = ''
    let images: ImageJson[] = []
    const albums = new Map<number, string>()

    const changes: Array<() => Promise<unknown>> = [
      async () => {
        name = `name ${random()}`
        await user.put(ME, { json: { name } })
      },
      async () => {
        const { data } = await user.upload(await plainPng(8, 8), `${random()}.png`)
        images = [data, ...images]
      },
      async () => {
        const image = pick(images)
        if (image !== undefined) {
          const permission = image.permission === 1 ? 0 : 1
          const albumId = pick([null, ...albums.keys()]) ?? null
          const json = { permission, album_id: albumId }
          const { data } = await user.patch<ImageJson>(`${IMAGES}/${image.key}`, { json })
          images = images.map((one) => (one.key === data.key ? data : one))
        }
      },
      async () => {
        const image = pick(images)
        if (image !== undefined) {
          await user.delete(`${IMAGES}/${image.key}`)
          images = images.filter(({ key }) => key !== image.key)
        }
      },
      async () => {
        const json = { name: `album ${random()}` }
        const { data } = await user.post<AlbumJson>(ALBUMS, { json })
        albums.set(data.id, data.name)
      },
      async () => {
        const albumId = pick([...albums.keys()])
        if (albumId !== undefined) {
          await user.delete(`${ALBUMS}/${albumId}`)
          albums.delete(albumId)
          images = images.map((one) =>
            one.album_id === albumId ? { ...one, album_id: null } : one
          )
        }
      },
    ]

    for (let change = 0; change < CHANGES; change++) {
      await pick(changes)?.()
      const [me, list, shelf] = await Promise.all([
        reader.get<UserJson>(ME),
        reader.get<PageJson<ListedImageJson>>(`${IMAGES}?page_size=100`),
        reader.get<PageJson<AlbumJson>>(`${ALBUMS}?page_size=100`),
      ])
      const seen = `after change ${change}`
      if (name !== '') {
        assert.equal(me.data.name, name, seen)
      }
      assert.equal(me.data.image_num, images.length, seen)
      assert.equal(list.data.total, images.length, seen)
      assert.sameDeepMembers(
        list.data.items.map((image) => [image.key, image.permission, image.album_id]),
        images.map((image) => [image.key, image.permission, image.album_id]),
        seen
      )
      assert.sameDeepMembers(
        shelf.data.items.map((album) => [album.id, album.name, album.image_num]),
        [...albums].map(([id, called]) => [
          id,
          called,
          images.filter(({ album_id: albumId }) => albumId === id).length,
        ]),
        seen
      )
      const image = images[0]
      if (image !== undefined) {
        const shown = await reader.get<ImageJson>(`${IMAGES}/${image.key}`)
        assert.equal(shown.data.permission, image.permission, seen)
      }
    }
  })

  test('are never older than what was acknowledged before they were asked for', async ({
    assert,
  }) => {
    const user = await server.addUser('racing@example.org')
    const { reader } = await tokenOf(user)
    let acknowledged = 0
    let done = false
    await user.put(ME, { json: { name: '0' } })
    const read = async () => {
      let answers = 0
      for (; !done; answers++) {
        const before = acknowledged
        const { data } = await reader.get<UserJson>(ME)
        assert.isAtLeast(Number(data.name), before)
      }
      return answers
    }
    const write = async () => {
      for (let version = 1; version <= CHANGES; version++) {
        await user.put(ME, { json: { name: String(version) } })
        acknowledged = version
      }
      done = true
    }
    const [, ...answers] = await Promise.all([
      write().finally(() => (done = true)),
      ...Array.from({ length: READERS }, read),
    ])

    assert.isTrue(answers.every((count) => count > 0))
    assert.equal((await reader.get<UserJson>(ME)).data.name, String(CHANGES))
  })

  test('end with the token, the session and the account', async ({ assert }) => {
    const user = await server.addUser('cut-off@example.org')
    const { id, reader } = await tokenOf(user)
    const session = elsewhere(user)
    const { data: me } = await user.get<UserJson>(ME)
    await warm(session, ME)
    await warm(reader, IMAGES)

    await user.delete(`/api/v1/api-tokens/${id}`)
    assert.equal((await reader.get(IMAGES)).status, 401)

    await warm(session, IMAGES)
    await user.post('/api/v1/auth/logout')
    assert.equal((await session.get(IMAGES)).status, 401)
    assert.equal((await session.get(ME)).status, 401)

    const { data: tokens } = await server.api.post<{ access_token: string }>('/api/v1/auth/login', {
      json: { email: 'cut-off@example.org', password: USER_PASSWORD },
    })
    const again = await tokenOf(user.as(tokens.access_token))
    await warm(again.reader, ME)
    await admin.put(`/api/v1/admin/users/${me.id}`, { json: { status: 0 } })
    assert.equal((await again.reader.get(ME)).status, 403)
    await admin.put(`/api/v1/admin/users/${me.id}`, { json: { status: 1 } })
    assert.equal((await again.reader.get(ME)).status, 200)
  })

  test('end a token and an account at once, however often they are used', async ({ assert }) => {
    for (let round = 0; round < CHANGES / 3; round++) {
      const user = await server.addUser(`revoked${round}@example.org`)
      const { id, reader } = await tokenOf(user)
      const { data: me } = await reader.get<UserJson>(ME)
      let done = false
      const read = async () => {
        while (!done) {
          await reader.get(ME)
        }
      }
      const end = async () => {
        if (round % 2 === 0) {
          await user.delete(`/api/v1/api-tokens/${id}`)
        } else {
          await admin.put(`/api/v1/admin/users/${me.id}`, { json: { status: 0 } })
        }
        const { status } = await reader.get(ME)
        assert.equal(status, round % 2 === 0 ? 401 : 403, `round ${round}`)
      }
      await Promise.all([end().finally(() => (done = true)), read(), read()])
    }
  })

  test('show at once what was deleted by a link that is only followed', async ({ assert }) => {
    const user = await server.addUser('following@example.org')
    const { reader } = await tokenOf(user)
    for (let round = 0; round < CHANGES / 6; round++) {
      const form = new FormData()
      form.append('file', new Blob([Uint8Array.from(await plainPng(11, 11))]), 'a.png')
      const { bytes } = await user.post('/api/v1/sharex/upload', { body: form })
      const uploaded = JSON.parse(bytes.toString()) as { deletion_url: string }
      assert.equal((await warm(reader, ME)).status, 200)
      await server.api.get(new URL(uploaded.deletion_url).pathname)
      assert.equal((await reader.get<UserJson>(ME)).data.image_num, 0, `round ${round}`)
    }
  })

  test('end a token at once where read models are behind', async ({ assert }) => {
    const user = await server.addUser('behind@example.org')
    const { id, reader } = await tokenOf(user)
    await warm(reader, ME)
    await server.pauseReadModels()
    await user.delete(`/api/v1/api-tokens/${id}`)
    const { status } = await reader.get(ME)
    server.resumeReadModels()

    assert.equal(status, 401)
  })

  test('go with the settings of the site that links are made of', async ({ assert }) => {
    const user = await server.addUser('links@example.org')
    const { data: image } = await user.upload(await plainPng(9, 9))
    const { reader } = await tokenOf(user)
    await warm(reader, IMAGES)
    await warm(reader, `${IMAGES}/${image.key}`)
    for (const url of ['https://one.example.org', 'https://two.example.org', '']) {
      await admin.put('/api/v1/admin/settings', { json: { app_url: url } })
      const list = await reader.get<PageJson<ListedImageJson>>(IMAGES)
      const shown = await reader.get<ImageJson>(`${IMAGES}/${image.key}`)
      const base = url === '' ? server.api.url : url

      assert.isTrue(list.data.items[0]?.url.startsWith(base), url)
      assert.isTrue(shown.data.links.url.startsWith(base), url)
    }
  })

  test('leave out an image from the moment it expires', async ({ assert }) => {
    const user = await server.addUser('expiring@example.org')
    const { data: image } = await user.upload(await plainPng(10, 10))
    const { reader } = await tokenOf(user)
    const { data: me } = await reader.get<UserJson>(ME)
    const expiresAt = new Date(Date.now() + 1_500).toISOString()
    const { position } = await server.services.handlers.image.changeImage(
      { imageId: image.id, requesterId: me.id, isAdmin: false, expiresAt },
      SYSTEM
    )
    assert.isAbove(position, 0)
    const total = async () => {
      const askedAt = Date.now()
      const { data } = await reader.get<PageJson<ListedImageJson>>(IMAGES)
      return { askedAt, total: data.total }
    }
    await waitFor(
      async () => {
        const seen = await total()
        assert.isTrue(seen.askedAt < Date.parse(expiresAt) || seen.total === 0)
        return seen.total === 0
      },
      { what: 'the image to expire' }
    )
    assert.equal((await reader.get(`${IMAGES}/${image.key}`)).status, 404)
  })
})
