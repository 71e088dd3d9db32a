import { join } from 'node:path'
import { test } from '@japa/runner'
import sharp from 'sharp'
import { cameraJpeg, plainPng, SVG } from '#tests/fixtures/images'
import { ApiClient, type ImageJson } from '#tests/helpers/api'
import { hasNginx, startNginx, type TestNginx } from '#tests/helpers/nginx'
import { waitFor } from '#tests/helpers/wait_for'
import { startWebServer, type TestWebServer } from '#tests/helpers/web_server'

const PAGE = join(import.meta.dirname, '../../docs/serving.md')

const pathOf = (url: string) => new URL(url).pathname

test.group('Files behind nginx, as docs/serving.md has it', (group) => {
  group.each.timeout(30_000)
  group.each.skip(!hasNginx, 'there is no nginx here')
  let server: TestWebServer
  let nginx: TestNginx
  let user: ApiClient
  let visitor: ApiClient

  group.setup(async () => {
    if (!hasNginx) {
      return () => {}
    }
    server = await startWebServer({ SENDFILE: 'x-accel-redirect', TRUSTED_PROXIES: 'loopback' })
    nginx = await startNginx({ page: PAGE, serverUrl: server.api.url, dataDir: server.dataDir })
    const { token } = await server.setUp()
    visitor = new ApiClient(nginx.url, server.checker)
    user = visitor.as(token)
    return async () => {
      await nginx.stop()
      await server.stop()
    }
  })

  const upload = async (bytes: Buffer, fields: Record<string, string> = {}): Promise<ImageJson> =>
    (await user.upload(bytes, 'Grüße aus Köln.jpg', fields)).data

  test('PicFast says where they lie, and sends no byte', async ({ assert }) => {
    const image = await upload(await plainPng(20, 21))
    const answer = await fetch(server.api.url + pathOf(image.links.url))

    assert.equal(answer.status, 200)
    const place = answer.headers.get('x-accel-redirect') ?? ''
    assert.match(place, /^\/_picfast_data\/objects\/\d{4}\//)
    assert.equal(await answer.text(), '')
  })

  test('they come as they would without it', async ({ assert }) => {
    const image = await upload(await cameraJpeg())
    const path = pathOf(image.links.url)
    const { status, headers, bytes } = await visitor.get(path)
    const etag = headers.get('etag') ?? ''
    const repeated = await visitor.get(path, { headers: { 'if-none-match': etag } })
    const head = await visitor.head(path)

    assert.equal(status, 200)
    assert.isNull(headers.get('x-accel-redirect'))
    assert.equal(headers.get('content-type'), 'image/jpeg')
    assert.equal(headers.get('cache-control'), 'public, max-age=31536000, immutable')
    assert.equal(headers.get('x-content-type-options'), 'nosniff')
    assert.equal(Date.parse(headers.get('last-modified') ?? ''), wholeSeconds(image.created_at))
    assert.match(etag, /^"[0-9a-f]{64}"$/)
    assert.lengthOf(bytes, image.size_bytes)
    assert.equal(repeated.status, 304)
    assert.equal(head.headers.get('content-length'), String(image.size_bytes))
    const part = await visitor.get(path, { headers: { 'range': 'bytes=5-9', 'if-range': etag } })
    assert.equal(part.status, 206)
    assert.isTrue(part.bytes.equals(bytes.subarray(5, 10)))
  })

  test('thumbnails come through it as well', async ({ assert }) => {
    const image = await upload(await plainPng(900, 700))
    const { status, headers, bytes } = await visitor.get(pathOf(image.links.thumbnail_url))

    assert.equal(status, 200)
    assert.equal(headers.get('content-type'), 'image/webp')
    assert.equal(headers.get('content-length'), String(bytes.length))
    assert.equal(bytes.subarray(8, 12).toString(), 'WEBP')
  })

  test('large variants do, once they lie in the cache', async ({ assert }) => {
    const noise = { type: 'gaussian', mean: 128, sigma: 60 } as const
    const create = { width: 900, height: 900, channels: 3, background: 'white', noise } as const
    const image = await upload(await sharp({ create }).jpeg().toBuffer())
    const path = `${pathOf(image.links.url)}@w_800,f_png`
    const made = await visitor.get(path)
    const place = await waitFor(
      async () => (await fetch(server.api.url + path)).headers.get('x-accel-redirect'),
      { what: 'the variant on the disk' }
    )
    const sent = await visitor.get(path)

    assert.isAbove(made.bytes.length, 1024 * 1024)
    assert.match(place, /^\/_picfast_data\/cache\/variants\//)
    assert.isTrue(sent.bytes.equals(made.bytes))
    assert.equal(sent.headers.get('etag'), made.headers.get('etag'))
    assert.equal(sent.headers.get('cache-control'), 'public, max-age=2592000')
  })

  test('an SVG keeps its policy, and a download its name', async ({ assert }) => {
    const image = await upload(SVG)
    const { headers } = await visitor.get(`${pathOf(image.links.url)}?download`)

    assert.include(headers.get('content-security-policy') ?? '', 'sandbox')
    assert.include(headers.get('content-disposition') ?? '', "filename*=UTF-8''Gr%C3%BC%C3%9Fe")
  })

  test('private ones are for their owner, and nobody reaches the folder', async ({ assert }) => {
    const image = await upload(await plainPng(33, 34), { permission: '0' })
    const path = pathOf(image.links.url)
    const { headers } = await fetch(server.api.url + path, {
      headers: { authorization: `Bearer ${user.token}` },
    })
    const inside = headers.get('x-accel-redirect') ?? ''

    assert.equal((await visitor.get(path)).status, 404)
    const own = await user.get(path)
    assert.equal(own.status, 200)
    assert.equal(own.headers.get('cache-control'), 'private, no-store')
    assert.equal((await fetch(nginx.url + inside)).status, 404)
    assert.equal((await fetch(`${nginx.url}/_picfast_data/app_key`)).status, 404)
  })
})

test.group('Files sent by another server, told by X-Sendfile', (group) => {
  group.each.timeout(30_000)
  let server: TestWebServer

  group.setup(async () => {
    server = await startWebServer({ SENDFILE: 'x-sendfile' })
    return () => server.stop()
  })

  test('their place is given in full', async ({ assert }) => {
    const user = await server.setUp()
    const { data } = await user.upload(await plainPng(50, 51))
    const { headers } = await fetch(data.links.url)

    assert.isTrue(headers.get('x-sendfile')?.startsWith(join(server.dataDir, 'objects')))
  })
})

function wholeSeconds(moment: string): number {
  return Math.floor(Date.parse(moment) / 1_000) * 1_000
}
