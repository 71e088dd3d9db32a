import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { test } from '@japa/runner'
import sharp from 'sharp'
import { animatedGif, cameraJpeg, plainPng, SVG } from '#tests/fixtures/images'
import type { ApiClient, ImageJson, NewApiTokenJson } from '#tests/helpers/api'
import { waitFor } from '#tests/helpers/wait_for'
import { startWebServer, SYSTEM, type TestWebServer } from '#tests/helpers/web_server'

const pathOf = (url: string) => new URL(url).pathname

test.group('Files', (group) => {
  group.each.timeout(30_000)
  let server: TestWebServer
  let api: ApiClient
  let admin: ApiClient
  let user: ApiClient

  group.setup(async () => {
    server = await startWebServer()
    api = server.api
    admin = await server.setUp()
    user = await server.addUser('user@example.org')
    return () => server.stop()
  })

  const upload = async (bytes: Buffer, fields: Record<string, string> = {}) =>
    (await user.upload(bytes, 'photo', fields)).data

  test('are served to anybody, to be kept for good', async ({ assert }) => {
    const bytes = await plainPng()
    const image = await upload(bytes)
    const { status, headers, bytes: served } = await api.get(pathOf(image.links.url))

    assert.equal(status, 200)
    assert.isTrue(served.equals(bytes))
    assert.equal(headers.get('content-type'), 'image/png')
    assert.equal(headers.get('cache-control'), 'public, max-age=31536000, immutable')
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    assert.equal(headers.get('etag'), `"${sha256}"`)
  })

  test('are not sent again to who has them', async ({ assert }) => {
    const image = await upload(await plainPng())
    const path = pathOf(image.links.url)
    const first = await api.get(path)
    const etag = first.headers.get('etag') ?? ''
    const modified = first.headers.get('last-modified') ?? ''
    const status = async (headers: Record<string, string>) =>
      (await api.get(path, { headers })).status

    assert.equal(await status({ 'if-none-match': etag }), 304)
    assert.equal(await status({ 'if-none-match': '"other"' }), 200)
    assert.equal(await status({ 'if-modified-since': modified }), 304)
    assert.equal(await status({ 'if-none-match': '"other"', 'if-modified-since': modified }), 200)
  })

  test('are served in part', async ({ assert }) => {
    const bytes = await cameraJpeg()
    const image = await upload(bytes)
    const path = pathOf(image.links.url)
    const whole = (await api.get(path)).bytes
    const part = await api.get(path, { headers: { range: 'bytes=10-19' } })
    const tail = await api.get(path, { headers: { range: 'bytes=-5' } })
    const beyond = await api.get(path, { headers: { range: `bytes=${whole.length}-` } })
    const stale = await api.get(path, { headers: { 'range': 'bytes=0-1', 'if-range': '"x"' } })

    assert.equal(part.status, 206)
    assert.equal(part.headers.get('content-range'), `bytes 10-19/${whole.length}`)
    assert.isTrue(part.bytes.equals(whole.subarray(10, 20)))
    assert.isTrue(tail.bytes.equals(whole.subarray(-5)))
    assert.equal(beyond.status, 416)
    assert.equal(beyond.headers.get('content-range'), `bytes */${whole.length}`)
    assert.equal(stale.status, 200)
  })

  test('are served in several parts', async ({ assert }) => {
    const image = await upload(await cameraJpeg())
    const path = pathOf(image.links.url)
    const whole = (await api.get(path)).bytes
    const { status, headers, bytes } = await api.get(path, {
      headers: { range: 'bytes=10-19,0-4,-3' },
    })
    const [, boundary = ''] =
      /^multipart\/byteranges; boundary=(.+)$/.exec(headers.get('content-type') ?? '') ?? []
    const parts = bytes
      .toString('latin1')
      .split(`\r\n--${boundary}`)
      .slice(1, -1)
      .map((part) => part.trimStart().split('\r\n\r\n'))

    assert.equal(status, 206)
    assert.equal(headers.get('content-length'), String(bytes.length))
    assert.deepEqual(
      parts.map(([head]) => /Content-Range: (.+)/.exec(head ?? '')?.[1]),
      [
        `bytes 10-19/${whole.length}`,
        `bytes 0-4/${whole.length}`,
        `bytes ${whole.length - 3}-${whole.length - 1}/${whole.length}`,
      ]
    )
    assert.deepEqual(
      parts.map(([, content]) => content),
      [whole.subarray(10, 20), whole.subarray(0, 5), whole.subarray(-3)].map((part) =>
        part.toString('latin1')
      )
    )
  })

  test('are saved under the name they came with', async ({ assert }) => {
    const bytes = await plainPng(74, 14)
    const { data } = await user.upload(bytes, 'Größe; 1.jpeg')
    const path = pathOf(data.links.url)
    const saved = await api.get(`${path}?download`)

    assert.isNull((await api.get(path)).headers.get('content-disposition'))
    assert.isTrue(saved.bytes.equals(bytes))
    assert.equal(
      saved.headers.get('content-disposition'),
      `attachment; filename="Gr??e; 1.png"; filename*=UTF-8''Gr%C3%B6%C3%9Fe%3B%201.png`
    )
  })

  test('what another process has changed shows here too', async ({ assert }) => {
    const image = await upload(await plainPng(75, 15))
    const status = async () => (await api.get(pathOf(image.links.url))).status
    assert.equal(await status(), 200)
    await server.services.handlers.image.changeImage(
      { imageId: image.id, requesterId: null, isAdmin: true, permission: 0 },
      SYSTEM
    )
    await waitFor(async () => (await status()) === 404, { what: 'a private image' })
  })

  test('can be asked for their headers', async ({ assert }) => {
    const image = await upload(await plainPng())
    const { status, headers, bytes } = await api.head(pathOf(image.links.url))

    assert.equal(status, 200)
    assert.equal(headers.get('content-length'), String(image.size_bytes))
    assert.lengthOf(bytes, 0)
  })

  test('are private where they are', async ({ assert }) => {
    const image = await upload(await plainPng(71, 11), { permission: '0' })
    const write = await user.post<NewApiTokenJson>('/api/v1/api-tokens', {
      json: { name: 'w', scopes: ['write'] },
    })
    const read = await user.post<NewApiTokenJson>('/api/v1/api-tokens', {
      json: { name: 'r', scopes: ['read'] },
    })
    const other = await server.addUser('other@example.org')
    for (const path of [pathOf(image.links.url), pathOf(image.links.thumbnail_url)]) {
      const seen = async (client: ApiClient) => (await client.get(path)).status

      assert.equal(await seen(api), 404)
      assert.equal(await seen(api.as('nonsense')), 404)
      assert.equal(await seen(other), 404)
      assert.equal(await seen(api.as(write.data.token)), 404)
      assert.equal(await seen(api.as(read.data.token)), 200)
      assert.equal(await seen(admin), 200)
      const { headers } = await user.get(path)
      assert.equal(headers.get('cache-control'), 'private, no-store')
    }
  })

  test('with bad credentials public ones are served all the same', async ({ assert }) => {
    const image = await upload(await plainPng())
    assert.equal((await api.as('img_nonsense').get(pathOf(image.links.url))).status, 200)
  })

  test('become private and public as their owner says', async ({ assert }) => {
    const image = await upload(await plainPng(72, 12))
    const status = async () => (await api.get(pathOf(image.links.url))).status
    await user.patch(`/api/v1/images/${image.key}`, { json: { permission: 0 } })
    assert.equal(await status(), 404)
    await user.patch(`/api/v1/images/${image.key}`, { json: { permission: 1 } })
    assert.equal(await status(), 200)
    await user.delete(`/api/v1/images/${image.key}`)
    assert.equal(await status(), 404)
  })

  test('are kept no longer than they live', async ({ assert }) => {
    const image = await upload(await plainPng(), { expires_in: '30m' })
    const { headers } = await api.get(pathOf(image.links.url))
    const [, seconds] = /max-age=(\d+)/.exec(headers.get('cache-control') ?? '') ?? []

    assert.isAtMost(Number(seconds), 1800)
    assert.isAbove(Number(seconds), 1700)
  })

  test('have one extension', async ({ assert }) => {
    const image = await upload(await cameraJpeg())

    assert.equal((await api.get(`/i/${image.key}.jpg`)).status, 200)
    assert.equal((await api.get(`/i/${image.key}.jpeg`)).status, 404)
    assert.equal((await api.get(`/i/${image.key}.png`)).status, 404)
    assert.equal((await api.get(`/i/${image.key}`)).status, 404)
  })

  test('an SVG can do nothing', async ({ assert }) => {
    const script = SVG.toString().replace('</svg>', '<script>alert(1)</script></svg>')
    const image = await upload(Buffer.from(script))
    const { headers } = await api.get(pathOf(image.links.url))
    const policy = headers.get('content-security-policy') ?? ''

    assert.include(policy, "default-src 'none'")
    assert.include(policy, 'sandbox')
    assert.notInclude(policy, 'allow')
    assert.notInclude(policy, 'script')
  })

  test('one whose bytes were lost is not found', async ({ assert }) => {
    const image = await upload(await plainPng(73, 13))
    const [event] = await server.services.eventStore.readStream(`image-${image.id}`)
    const key = event?.type === 'image.uploaded' ? event.data.object_key : ''
    await rm(join(server.dataDir, 'objects', key))

    assert.equal((await api.get(pathOf(image.links.url))).status, 404)
  })

  test('a client that goes away in the middle does no harm', async ({ assert }) => {
    const noise = sharp({
      create: {
        width: 1500,
        height: 1500,
        channels: 3,
        background: 'white',
        noise: { type: 'gaussian', mean: 128, sigma: 60 },
      },
    })
    const image = await upload(await noise.png().toBuffer())
    const { port, hostname } = new URL(api.url)
    for (let round = 0; round < 5; round++) {
      const socket = connect(Number(port), hostname)
      socket.write(`GET ${pathOf(image.links.url)} HTTP/1.1\r\nHost: x\r\n\r\n`)
      await once(socket, 'data')
      socket.destroy()
    }

    const { bytes } = await api.get(pathOf(image.links.url))
    assert.equal(createHash('md5').update(bytes).digest('hex'), image.md5)
  })
})

test.group('Thumbnails', (group) => {
  group.each.timeout(30_000)
  let server: TestWebServer
  let api: ApiClient
  let user: ApiClient

  group.setup(async () => {
    server = await startWebServer()
    api = server.api
    user = await server.setUp()
    return () => server.stop()
  })

  const upload = async (bytes: Buffer, fields: Record<string, string> = {}, name = 'photo') =>
    (await user.upload<ImageJson>(bytes, name, fields)).data

  test('are made when they are asked for', async ({ assert }) => {
    const image = await upload(await cameraJpeg(6))
    const { status, headers, bytes } = await api.get(pathOf(image.links.thumbnail_url))
    const { width, height, format } = await sharp(bytes).metadata()

    assert.equal(status, 200)
    assert.equal(headers.get('content-type'), 'image/webp')
    assert.deepEqual([format, width, height], ['webp', 200, 320])
    assert.match(headers.get('cache-control') ?? '', /^public/)
  })

  test('are made once for all who wait', async ({ assert }) => {
    const image = await upload(await animatedGif(5))
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => api.get(pathOf(image.links.thumbnail_url)))
    )
    const [first] = answers

    assert.isTrue(answers.every(({ status }) => status === 200))
    assert.isTrue(answers.every(({ bytes }) => first?.bytes.equals(bytes)))
  })

  test('are not sent again to who has them', async ({ assert }) => {
    const image = await upload(await plainPng())
    const path = pathOf(image.links.thumbnail_url)
    const etag = (await api.get(path)).headers.get('etag') ?? ''

    assert.equal((await api.get(path, { headers: { 'if-none-match': etag } })).status, 304)
    assert.equal((await api.head(path)).status, 200)
  })

  test('are public as soon as one image with these bytes is', async ({ assert }) => {
    const bytes = await plainPng(74, 14)
    const hidden = await upload(bytes, { permission: '0' })
    const path = pathOf(hidden.links.thumbnail_url)
    assert.equal((await api.get(path)).status, 404)
    const open = await upload(bytes)
    assert.equal((await api.get(path)).status, 200)
    await user.delete(`/api/v1/images/${open.key}`)
    assert.equal((await api.get(path)).status, 404)
  })

  test('of unknown bytes are not found', async ({ assert }) => {
    assert.equal((await api.get(`/t/${'0'.repeat(32)}.png`)).status, 404)
    assert.equal((await api.get(`/t/${'0'.repeat(31)}.png`)).status, 404)
  })
})
