import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from '@japa/runner'
import sharp from 'sharp'
import { animatedGif, cameraJpeg, picture, plainPng, SVG } from '#tests/fixtures/images'
import type { ApiClient, ImageJson, SiteSettingsJson } from '#tests/helpers/api'
import { filesBelow } from '#tests/helpers/files_below'
import { waitFor } from '#tests/helpers/wait_for'
import { startWebServer, SYSTEM, type TestWebServer } from '#tests/helpers/web_server'

const pathOf = ({ links }: ImageJson) => new URL(links.url).pathname

test.group('Variants', (group) => {
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
    (await user.upload(bytes, 'Grüße.jpg', fields)).data

  const objectPath = async ({ id }: ImageJson) => {
    const [event] = await server.services.eventStore.readStream(`image-${id}`)
    const key = event?.type === 'image.uploaded' ? event.data.object_key : ''
    return join(server.dataDir, 'objects', key)
  }

  test('are made in the size and the format asked for, to be kept for a month', async ({
    assert,
  }) => {
    const image = await upload(await cameraJpeg(6))
    const { status, headers, bytes } = await api.get(`${pathOf(image)}@w_100,h_100,q_60,f_webp`)
    const { width, height, format } = await sharp(bytes).metadata()

    assert.equal(status, 200)
    assert.deepEqual([width, height, format], [63, 100, 'webp'])
    assert.equal(headers.get('content-type'), 'image/webp')
    assert.equal(headers.get('cache-control'), 'public, max-age=2592000')
    assert.equal(headers.get('x-content-type-options'), 'nosniff')
    assert.isNull(headers.get('vary'))
  })

  test('are never larger than the image, nor another file than it where nothing changes', async ({
    assert,
  }) => {
    const bytes = await plainPng(64, 48)
    const path = pathOf(await upload(bytes))
    const same = await api.get(`${path}@w_9000,h_9000`)
    const webp = await api.get(`${path}@w_9000,f_webp`)
    const { width, height } = await sharp(webp.bytes).metadata()

    assert.isTrue(same.bytes.equals(bytes))
    assert.equal(same.headers.get('cache-control'), 'public, max-age=2592000')
    assert.deepEqual([width, height], [64, 48])
  })

  test('respect conditions, ranges and HEAD, and can be saved', async ({ assert }) => {
    const path = `${pathOf(await upload(await cameraJpeg(1)))}@w_50,f_webp`
    const head = await api.head(path)
    const whole = await api.get(path)
    const etag = whole.headers.get('etag') ?? ''
    const repeated = await api.get(path, { headers: { 'if-none-match': etag } })
    const part = await api.get(path, { headers: { 'range': 'bytes=5-9', 'if-range': etag } })
    const saved = await api.get(`${path}?download`)

    assert.equal(head.headers.get('content-length'), String(whole.bytes.length))
    assert.equal(repeated.status, 304)
    assert.equal(part.status, 206)
    assert.isTrue(part.bytes.equals(whole.bytes.subarray(5, 10)))
    assert.include(saved.headers.get('content-disposition') ?? '', "UTF-8''Gr%C3%BC%C3%9Fe.webp")
  })

  test('come with an address that is written otherwise', async ({ assert }) => {
    const path = pathOf(await upload(await plainPng(80, 20)))
    const plain = await api.get(`${path}@w_40,f_webp`)
    const encoded = await fetch(`${api.url}${path}%40w_40%2Cf_webp`)

    assert.equal(encoded.status, 200)
    assert.equal(encoded.headers.get('etag'), plain.headers.get('etag'))
  })

  test('GIF and SVG are passed through', async ({ assert }) => {
    const gif = await animatedGif(3)
    const moving = await api.get(`${pathOf(await upload(gif))}@w_10,f_webp`)
    const drawn = await api.get(`${pathOf(await upload(SVG))}@w_10,f_png`)

    assert.isTrue(moving.bytes.equals(gif))
    assert.equal(moving.headers.get('cache-control'), 'public, max-age=2592000')
    assert.equal(drawn.headers.get('content-type'), 'image/svg+xml')
    assert.include(drawn.headers.get('content-security-policy') ?? '', 'sandbox')
  })

  test('that cannot be made are the original', async ({ assert }) => {
    const image = await upload(await picture(400, 300).jpeg().toBuffer())
    const damaged = Buffer.alloc(image.size_bytes, 'damaged')
    await writeFile(await objectPath(image), damaged)
    const path = pathOf(image)
    for (let time = 0; time < 2; time++) {
      const { status, headers, bytes } = await api.get(`${path}@w_100,f_webp`)
      assert.equal(status, 200)
      assert.equal(headers.get('content-type'), 'image/jpeg')
      assert.isTrue(bytes.equals(damaged))
    }
  })

  test('are refused by the name of the option at fault: {options}')
    .with([
      { options: 'w_0', option: 'w' },
      { options: 'w_10,h_x', option: 'h' },
      { options: 'q_101', option: 'q' },
      { options: 'f_tiff', option: 'f' },
      { options: 'zoom_2', option: 'zoom' },
      { options: 'preset_small', option: 'preset' },
    ])
    .run(async ({ assert }, { options, option }) => {
      const path = pathOf(await upload(await plainPng()))
      const { status, data } = await api.get<Record<string, string[]>>(`${path}@${options}`)

      assert.equal(status, 400)
      assert.deepEqual(Object.keys(data), [option])
    })

  test('with f_auto are what the client takes: {accept}')
    .with([
      { accept: 'image/avif,image/webp,*/*', type: 'image/avif' },
      { accept: 'image/webp,*/*;q=0.8', type: 'image/webp' },
      { accept: 'image/avif;q=0, image/webp', type: 'image/webp' },
      { accept: '*/*', type: 'image/png' },
    ])
    .run(async ({ assert }, { accept, type }) => {
      const path = `${pathOf(await upload(await plainPng()))}@w_32,f_auto`
      const { headers } = await api.get(path, { headers: { accept } })
      const etag = headers.get('etag') ?? ''
      const repeated = await api.get(path, { headers: { accept, 'if-none-match': etag } })

      assert.equal(headers.get('content-type'), type)
      assert.equal(headers.get('vary'), 'Accept')
      assert.deepEqual([repeated.status, repeated.headers.get('vary')], [304, 'Accept'])
    })

  test('are seen by those who may see the image', async ({ assert }) => {
    const image = await upload(await plainPng(90, 30))
    const path = `${pathOf(image)}@w_30,f_webp`
    const seen = async (client: ApiClient) => (await client.get(path)).status
    const other = await server.addUser('other@example.org')
    assert.equal(await seen(api), 200)

    await user.patch(`/api/v1/images/${image.key}`, { json: { permission: 0 } })
    assert.deepEqual([await seen(api), await seen(other)], [404, 404])
    assert.deepEqual([await seen(user), await seen(admin)], [200, 200])
    const { headers } = await user.get(path)
    assert.equal(headers.get('cache-control'), 'private, no-store')

    await user.patch(`/api/v1/images/${image.key}`, { json: { permission: 1 } })
    await server.services.handlers.image.rejectImage({ imageId: image.id, reason: null }, SYSTEM)
    await waitFor(async () => (await seen(api)) === 404, { what: 'a rejected image to be hidden' })
    await server.services.handlers.image.approveImage({ imageId: image.id }, SYSTEM)
    await waitFor(async () => (await seen(api)) === 200, { what: 'an approved image' })

    await user.delete(`/api/v1/images/${image.key}`)
    assert.deepEqual([await seen(api), await seen(user)], [404, 404])
  })

  test('of a private image are shown by a shared link', async ({ assert }) => {
    const image = await upload(await plainPng(91, 31), { permission: '0' })
    const { data } = await user.post<{ url: string }>(`/api/v1/images/${image.key}/share`, {
      json: { expires_in: '1h', max_views: 2 },
    })
    const path = `${pathOf(image)}@w_30,f_webp${new URL(data.url).search}`
    const first = await api.get(path)

    assert.equal(first.status, 200)
    assert.equal(first.headers.get('cache-control'), 'private, no-store')
    assert.deepEqual([(await api.get(path)).status, (await api.get(path)).status], [200, 404])
  })

  test('are kept no longer than the image lives', async ({ assert }) => {
    const path = pathOf(await upload(await plainPng(), { expires_in: '30m' }))
    const { headers } = await api.get(`${path}@w_20,f_webp`)
    const [, seconds] = /max-age=(\d+)$/.exec(headers.get('cache-control') ?? '') ?? []

    assert.isAtMost(Number(seconds), 1_800)
    assert.isAbove(Number(seconds), 1_700)
  })

  test('are kept on disk: the original is not needed again', async ({ assert }) => {
    const image = await upload(await plainPng(95, 35))
    const path = `${pathOf(image)}@w_30,f_webp`
    const first = await api.get(path)
    await rm(await objectPath(image))

    const again = await api.get(path)
    assert.equal(again.status, 200)
    assert.equal(again.headers.get('etag'), first.headers.get('etag'))
    assert.equal((await api.get(`${pathOf(image)}@w_29,f_webp`)).status, 404)
  })

  test('have names, and can be had by name only, where the site says so', async ({ assert }) => {
    const path = pathOf(await upload(await plainPng(96, 36)))
    const change = (json: object) => admin.put<SiteSettingsJson>('/api/v1/admin/settings', { json })
    const refused = await change({ variant_presets: { small: 'w_0' } })
    const misnamed = await change({ variant_presets: { 'Sm all': 'w_1' } })
    assert.deepEqual([refused.status, misnamed.status], [400, 400])
    assert.property(refused.data, 'variant_presets')

    const { data } = await change({ variant_presets: { small: 'w_48,f_webp' } })
    assert.deepEqual(data.variant_presets, { small: 'w_48,f_webp' })
    const named = await api.get(`${path}@preset_small`)
    assert.equal((await sharp(named.bytes).metadata()).width, 48)
    assert.equal((await api.get(`${path}@w_47,f_webp`)).status, 200)

    await change({ variant_presets_only: true })
    assert.equal((await api.get(`${path}@w_46,f_webp`)).status, 403)
    assert.equal((await api.get(`${path}@w_48,f_webp`)).status, 403)
    assert.equal((await api.get(`${path}@preset_large`)).status, 400)
    assert.equal((await api.get(`${path}@preset_small`)).status, 200)
    await change({ variant_presets: {}, variant_presets_only: false })
  })
})

test.group('Variants that many ask for', (group) => {
  group.each.timeout(60_000)
  let server: TestWebServer
  let path: string

  group.setup(async () => {
    server = await startWebServer({ VARIANT_QUEUE: '1', VARIANTS_PER_IMAGE: '3' })
    const admin = await server.setUp()
    const { data } = await admin.upload(await picture(4000, 3000).png().toBuffer())
    path = pathOf(data)
    return () => server.stop()
  })

  const variants = async () => {
    const names = await filesBelow(join(server.dataDir, 'cache'))
    return names.filter((name) => name.endsWith('.webp'))
  }

  test('one is made once for all who wait', async ({ assert }) => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => server.api.get(`${path}@w_300,f_webp`))
    )
    assert.isTrue(answers.every(({ status }) => status === 200))
    assert.lengthOf(new Set(answers.map(({ headers }) => headers.get('etag'))), 1)
  })

  test('too many are told to come back', async ({ assert }) => {
    const ask = (width: number) => server.api.get(`${path}@w_${width},f_webp`)
    const answers = await Promise.all(Array.from({ length: 16 }, (_, index) => ask(400 + index)))
    const refused = answers.filter(({ status }) => status === 503)

    assert.isTrue(answers.every(({ status }) => status === 200 || status === 503))
    assert.isAbove(refused.length, 0)
    assert.isAbove(answers.length, refused.length)
    assert.isTrue(refused.every(({ headers }) => Number(headers.get('retry-after')) > 0))
    assert.equal((await ask(415)).status, 200)
  })

  test('nobody can fill the disk with those of one image', async ({ assert }) => {
    for (let width = 500; width < 505; width++) {
      assert.equal((await server.api.get(`${path}@w_${width},f_webp`)).status, 200)
    }
    await waitFor(async () => (await variants()).length === 3, { what: 'the rest to be removed' })
  })
})
