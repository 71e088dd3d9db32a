import { createHash } from 'node:crypto'
import { test } from '@japa/runner'
import sharp from 'sharp'
import { jpegOfScans } from '#tests/fixtures/hostile_images'
import { animatedGif, cameraJpeg, cameraPng, picture, SVG } from '#tests/fixtures/images'
import type { ApiClient, ImageJson } from '#tests/helpers/api'
import { startWebServer, type TestWebServer } from '#tests/helpers/web_server'

const ME = '/api/v1/users/me'
const SETTINGS = '/api/v1/admin/settings'
const GROUP = '/api/v1/admin/groups/1'

test.group('Processing of uploads', (group) => {
  group.each.timeout(60_000)
  let server: TestWebServer
  let admin: ApiClient
  let users = 0

  group.setup(async () => {
    server = await startWebServer()
    admin = await server.setUp()
    return () => server.stop()
  })

  const userWith = async (image_processing: object) => {
    users += 1
    const user = await server.addUser(`user${users}@example.org`)
    const { status } = await user.put(ME, { json: { settings: { image_processing } } })
    return status === 200 ? user : Promise.reject(new Error(`Refused with ${status}`))
  }
  const stored = async (user: ApiClient, image: ImageJson) =>
    (await user.get(new URL(image.links.url).pathname)).bytes
  const processingOf = async (user: ApiClient, { key }: ImageJson) => {
    const { data } = await user.get<{ processing: string }>(`/api/v1/images/${key}/pipeline`)
    return data.processing
  }

  test('what is recorded is what is stored', async ({ assert }) => {
    const user = await userWith({ image_save_format: 'webp', image_save_quality: 60 })
    const { status, data } = await user.upload(await cameraJpeg(6), 'DSC_1.JPG')
    const bytes = await stored(user, data)
    const metadata = await sharp(bytes).metadata()

    assert.equal(status, 201)
    assert.containSubset(data, {
      extension: 'webp',
      mimetype: 'image/webp',
      width: 200,
      height: 320,
      size_bytes: bytes.length,
      md5: createHash('md5').update(bytes).digest('hex'),
      origin_name: 'DSC_1.JPG',
    })
    assert.containSubset(metadata, { format: 'webp', width: 200, height: 320 })
    assert.match(data.links.url, /\.webp$/)
    assert.equal(await processingOf(user, data), 'completed')
  })

  test('the group says it for those who say nothing, and the user more of it', async ({
    assert,
  }) => {
    const said = { image_save_format: 'png', is_strip_exif: false }
    await admin.put(GROUP, { json: { configs: said } })
    try {
      const silent = await server.addUser('silent@example.org')
      const speaking = await userWith({ image_save_format: 'jpeg' })
      const [one, two] = [
        await silent.upload(await cameraJpeg()),
        await speaking.upload(await cameraPng()),
      ]

      assert.equal(one.data.extension, 'png')
      assert.equal(two.data.extension, 'jpg')
      const kept = (await stored(speaking, two.data)).toString('latin1')
      assert.include(kept, 'PicFast Optics', 'the group keeps metadata')
    } finally {
      await admin.put(GROUP, {
        json: { configs: { image_save_format: null, is_strip_exif: null } },
      })
    }
  })

  test('the site can forbid it to users, and to all', async ({ assert }) => {
    const user = await userWith({ image_save_format: 'webp' })
    const original = await cameraJpeg()
    const md5 = createHash('md5').update(original).digest('hex')
    try {
      await admin.put(SETTINGS, { json: { allow_user_image_processing: false } })
      const forbidden = await user.upload(original)
      await admin.put(SETTINGS, { json: { skip_image_processing: true } })
      const skipped = await user.upload(original)

      assert.equal(forbidden.data.extension, 'jpg')
      assert.notEqual(forbidden.data.md5, md5, 'metadata goes')
      assert.equal(skipped.data.md5, md5)
      assert.equal(await processingOf(user, skipped.data), 'skipped')
    } finally {
      await admin.put(SETTINGS, {
        json: { allow_user_image_processing: true, skip_image_processing: false },
      })
    }
  })

  test('a watermark is on pictures and films, not on drawings', async ({ assert }) => {
    const user = await userWith({
      is_enable_watermark: true,
      watermark_configs: {
        text: '© Ада 東京 📷',
        position: 'center',
        font_size: 40,
        color: '#f00',
        opacity: 1,
      },
    })
    const plain = await picture(400, 200).png().toBuffer()
    const marked = await user.upload(plain, 'a.png')
    const film = await user.upload(await animatedGif(3), 'a.gif')
    const drawing = await user.upload(SVG, 'a.svg')
    const raw = await sharp(await stored(user, marked.data))
      .removeAlpha()
      .raw()
      .toBuffer()
    let red = 0
    for (let at = 0; at < raw.length; at += 3) {
      red += raw[at] === 255 && raw[at + 1] === 0 && raw[at + 2] === 0 ? 1 : 0
    }

    assert.containSubset(marked.data, { extension: 'png', width: 400, height: 200 })
    assert.isAbove(red, 300)
    assert.containSubset(film.data, { extension: 'gif', width: 60, height: 40 })
    assert.equal((await sharp(await stored(user, film.data)).metadata()).pages, 3)
    assert.equal(await processingOf(user, film.data), 'completed')
    assert.isTrue((await stored(user, drawing.data)).equals(SVG))
    assert.equal(await processingOf(user, drawing.data), 'skipped')
  })

  test('what cannot be made is kept as it came, and said to have failed', async ({ assert }) => {
    const user = await userWith({ image_save_format: 'webp' })
    const broken = await jpegOfScans(90)
    const { status, data } = await user.upload(broken)

    assert.equal(status, 201)
    assert.equal(data.extension, 'jpg')
    assert.isTrue((await stored(user, data)).equals(broken))
    assert.equal(await processingOf(user, data), 'failed')
  })

  test('the server answers others meanwhile', async ({ assert }) => {
    const user = await userWith({ image_save_format: 'avif' })
    const large = await picture(2400, 1600).jpeg().toBuffer()
    let isDone = false
    const uploading = user.upload(large).finally(() => (isDone = true))
    let slowest = 0
    let answers = 0
    while (!isDone) {
      const before = performance.now()
      await user.get('/api/v1/version')
      slowest = Math.max(slowest, performance.now() - before)
      answers += 1
    }
    const { status, data } = await uploading

    assert.equal(status, 201)
    assert.equal(data.extension, 'avif')
    assert.isAbove(answers, 5)
    assert.isBelow(slowest, 2_000)
  })
})
