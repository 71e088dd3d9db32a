import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from '@japa/runner'
import { cameraJpeg } from '#tests/fixtures/images'
import type { AlbumJson, ApiClient, ImageImportJson, ImageJson, PageJson } from '#tests/helpers/api'
import { startWorker, type SiteProcess } from '#tests/helpers/site_process'
import { waitFor } from '#tests/helpers/wait_for'
import { startWebServer, type TestWebServer } from '#tests/helpers/web_server'

const IMPORT = '/api/v1/images/import'
/** The one address of this machine that images may be fetched from here. */
const OPENED = { FETCHABLE_NETWORKS: '127.0.0.2/32' }

const ANYTHING = { accepted_extensions: null, maximum_file_size: null, limit_per_month: null }

test.group('Images from elsewhere', (group) => {
  group.each.timeout(30_000)
  let server: TestWebServer
  let worker: SiteProcess
  let admin: ApiClient
  let user: ApiClient
  let elsewhere: Server
  let photograph: Buffer
  const asked: string[] = []

  group.setup(async () => {
    photograph = await cameraJpeg()
    elsewhere = createServer((request, response) => {
      asked.push(request.url ?? '')
      const redirect = /^\/to\/(.+)$/.exec(request.url ?? '')?.[1]
      if (redirect !== undefined) {
        response.writeHead(302, { location: decodeURIComponent(redirect) }).end()
      } else if (request.url?.endsWith('.jpg')) {
        response.end(photograph)
      } else {
        response.writeHead(request.url === '/page' ? 200 : 404).end('<h1>Hello</h1>')
      }
    }).listen(0, '0.0.0.0')
    await once(elsewhere, 'listening')
    server = await startWebServer(OPENED)
    admin = await server.setUp()
    user = await server.addUser('user@example.org')
    worker = startWorker(server.services.config, OPENED)
    return async () => {
      elsewhere.close()
      await worker.stop()
      await server.stop()
    }
  })
  group.each.setup(() => {
    asked.length = 0
  })

  const urlAt = (host: string, path: string) =>
    `http://${host}:${(elsewhere.address() as AddressInfo).port}${path}`
  const ask = (json: object, api = user, headers: Record<string, string> = {}) =>
    api.post<ImageImportJson>(IMPORT, { json, headers })
  const settled = (location: string | null, api = user) =>
    waitFor(
      async () => {
        const { data } = await api.get<ImageImportJson>(location ?? '')
        return data.status === 'pending' ? null : data
      },
      { what: 'the import', timeoutMs: 20_000 }
    )
  const outcome = async (json: object, api = user) =>
    settled((await ask(json, api)).headers.get('location'), api)

  test('are fetched and taken as uploads are', async ({ assert }) => {
    const { data: album } = await user.post<AlbumJson>('/api/v1/albums', { json: { name: 'Web' } })
    const asking = await ask({
      url: urlAt('127.0.0.2', '/album/G%C3%BCll.jpg'),
      album_id: album.id,
      permission: 0,
      expires_in: '7d',
    })
    assert.equal(asking.status, 202)
    assert.containSubset(asking.data, { status: 'pending', image: null, reason: null })
    const done = await settled(asking.headers.get('location'))
    const uploaded = (await user.upload(photograph)).data
    assert.containSubset(done, {
      status: 'completed',
      reason: null,
      image: {
        id: done.id,
        origin_name: 'Güll.jpg',
        album_id: album.id,
        permission: 0,
        md5: uploaded.md5,
        size_bytes: uploaded.size_bytes,
      },
    })
    const image = await user.get<ImageJson>(`/api/v1/images/${done.image?.key}`)
    // The thumbnail may have been made in between.
    assert.deepEqual({ ...image.data, thumbhash: null }, { ...done.image, thumbhash: null })
    const [first] = await server.services.eventStore.readStream(`image-${done.id}`)
    assert.deepEqual(first?.metadata.actor.kind, 'account')
    assert.equal(first?.metadata.source, 'worker')
  })

  test('redirects lead to them', async ({ assert }) => {
    const url = urlAt('127.0.0.2', `/to/${encodeURIComponent('/sea.jpg')}`)
    assert.equal((await outcome({ url })).status, 'completed')
  })

  test('{name}')
    .with([
      { name: 'a name of this machine', path: '', code: 'E_URL_FORBIDDEN', host: 'localhost' },
      { name: 'a redirect to this machine', path: '/to/LOCAL', code: 'E_URL_FORBIDDEN' },
      { name: 'a redirect to a metadata address', path: '/to/META', code: 'E_URL_FORBIDDEN' },
      { name: 'a redirect to a file', path: '/to/file%3A%2F%2F%2Fetc', code: 'E_URL_INVALID' },
      { name: 'what is not there', path: '/nothing', code: 'E_REMOTE_REFUSED' },
      { name: 'a page', path: '/page', code: 'E_NOT_AN_IMAGE' },
    ])
    .run(async ({ assert }, { path, code, host = '127.0.0.2' }) => {
      const local = encodeURIComponent(urlAt('127.0.0.1', '/secret.jpg'))
      const meta = encodeURIComponent('http://169.254.169.254/latest/meta-data')
      const url = urlAt(host, path.replace('LOCAL', local).replace('META', meta))
      const failed = await outcome({ url })
      assert.containSubset(failed, { status: 'failed', image: null, reason: { code } })
      assert.notInclude(asked, '/secret.jpg')
      // A run that is interrupted asks again, but never for another address.
      assert.isAtMost(new Set(asked).size, 1)
    })

  test('{$self} is refused at once')
    .with([
      'not an address',
      'ftp://example.org/a.jpg',
      'http://user:password@example.org/a.jpg',
      'http://127.0.0.1/a.jpg',
      'http://2130706433/a.jpg',
      'http://0x7f.1/a.jpg',
      'http://10.1.2.3/a.jpg',
      'http://169.254.169.254/latest/meta-data',
      'http://[::1]/a.jpg',
      'http://[::ffff:127.0.0.1]/a.jpg',
      'http://[fe80::1]/a.jpg',
      'http://[fd00:ec2::254]/a.jpg',
      'http://[64:ff9b::7f00:1]/a.jpg',
      'http://example.org:22/a.jpg',
      'http://example.org:6379/a.jpg',
      `http://example.org/${'a'.repeat(2_050)}`,
    ])
    .run(async ({ assert }, url) => {
      const refused = await ask({ url })
      assert.equal(refused.status, 400)
      assert.property(refused.data, 'url')
    })

  test('what they are to be must make sense', async ({ assert }) => {
    const url = 'https://example.org/a.jpg'
    for (const [field, json] of [
      ['url', {}],
      ['url', { url: 7 }],
      ['album_id', { url, album_id: 'x' }],
      ['permission', { url, permission: 2 }],
      ['expires_in', { url, expires_in: 'soon' }],
      ['strategy_id', { url, strategy_id: 0 }],
    ] as const) {
      const refused = await ask(json)
      assert.equal(refused.status, 400)
      assert.property(refused.data, field)
    }
    assert.equal((await ask({ url, strategy_id: 987 })).status, 422)
    const { data: album } = await admin.post<AlbumJson>('/api/v1/albums', { json: { name: 'A' } })
    assert.equal((await ask({ url, album_id: album.id })).status, 404)
  })

  test('are shown to those who asked for them, and to administrators', async ({ assert }) => {
    const { headers } = await ask({ url: urlAt('127.0.0.2', '/page') })
    const location = headers.get('location') ?? ''
    await settled(location)
    const stranger = await server.addUser('stranger@example.org')
    assert.equal((await stranger.get(location)).status, 404)
    assert.equal((await admin.get(location)).status, 200)
  })

  test('under one key are fetched once', async ({ assert }) => {
    const json = { url: urlAt('127.0.0.2', '/once.jpg') }
    const key = { 'idempotency-key': 'once' }
    const first = await ask(json, user, key)
    const second = await ask(json, user, key)
    assert.equal(second.data.id, first.data.id)
    await settled(first.headers.get('location'))
    const other = await ask({ url: urlAt('127.0.0.2', '/other.jpg') }, user, key)
    assert.equal(other.status, 409)
  })

  test('are bound by what the group allows', async ({ assert }) => {
    const groups =
      await admin.get<PageJson<{ id: number; name: string; is_default: boolean }>>(
        '/api/v1/admin/groups'
      )
    const own = groups.data.items.find(({ is_default: isDefault }) => isDefault)
    const allow = (configs: object) =>
      admin.put(`/api/v1/admin/groups/${own?.id}`, {
        json: { configs: { ...ANYTHING, ...configs } },
      })
    const url = urlAt('127.0.0.2', '/sea.jpg')

    await allow({ accepted_extensions: ['png'] })
    const kind = await outcome({ url })
    assert.containSubset(kind, { status: 'failed', reason: { code: 'E_EXTENSION_NOT_ALLOWED' } })
    await allow({ maximum_file_size: 1_000 })
    const size = await outcome({ url })
    assert.containSubset(size, { status: 'failed', reason: { code: 'E_REMOTE_TOO_LARGE' } })

    await allow({ limit_per_month: 1 })
    const narrow = await server.addUser('narrow@example.org')
    assert.equal((await outcome({ url }, narrow)).status, 'completed')
    const refused = await ask({ url }, narrow)
    assert.equal(refused.status, 429)
    assert.isNotNull(refused.headers.get('retry-after'))
    await allow({})

    const full = await server.addUser('full@example.org', 1_000)
    const heavy = await outcome({ url }, full)
    assert.containSubset(heavy, { status: 'failed', reason: { code: 'E_STORAGE_FULL' } })
  })
})
