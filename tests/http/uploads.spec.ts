import { createHash } from 'node:crypto'
import { connect } from 'node:net'
import { join } from 'node:path'
import { test } from '@japa/runner'
import sharp from 'sharp'
import {
  animatedGif,
  avif,
  bmp,
  cameraJpeg,
  cameraPng,
  cameraWebp,
  ico,
  plainPng,
  pngBomb,
  SVG,
  tiff,
} from '#tests/fixtures/images'
import type { AlbumJson, ApiClient, ImageJson, UserJson } from '#tests/helpers/api'
import { filesBelow } from '#tests/helpers/files_below'
import { waitFor } from '#tests/helpers/wait_for'
import { startWebServer, type TestWebServer } from '#tests/helpers/web_server'

const IMAGES = '/api/v1/images'
const HOUR = 3_600_000

test.group('Uploads', (group) => {
  group.each.timeout(30_000)
  let server: TestWebServer
  let admin: ApiClient
  let user: ApiClient

  group.setup(async () => {
    server = await startWebServer()
    admin = await server.setUp()
    user = await server.addUser('user@example.org')
    return () => server.stop()
  })

  const bytesOf = async (image: ImageJson) =>
    (await user.get(new URL(image.links.url).pathname)).bytes
  const temporaryFiles = async () => {
    const names = await filesBelow(server.dataDir)
    return names.filter((name) => /\.temporary.[0-9a-f]+$/.test(name))
  }
  const eventOf = async (image: ImageJson) => {
    const [event] = await server.services.eventStore.readStream(`image-${image.id}`)
    return event?.type === 'image.uploaded' ? event.data : null
  }

  test('{name} is taken for what it is')
    .with([
      { name: 'jpg', make: () => cameraJpeg(), mimetype: 'image/jpeg', size: [200, 320] },
      { name: 'png', make: () => cameraPng(), mimetype: 'image/png', size: [320, 200] },
      { name: 'webp', make: () => cameraWebp(1), mimetype: 'image/webp', size: [320, 200] },
      { name: 'gif', make: () => animatedGif(), mimetype: 'image/gif', size: [60, 40] },
      { name: 'svg', make: async () => SVG, mimetype: 'image/svg+xml', size: [120, 80] },
      { name: 'bmp', make: () => bmp(), mimetype: 'image/bmp', size: [50, 30] },
      { name: 'ico', make: () => ico(), mimetype: 'image/x-icon', size: [32, 32] },
      { name: 'avif', make: () => avif(), mimetype: 'image/avif', size: [320, 200] },
      { name: 'tif', make: () => tiff(), mimetype: 'image/tiff', size: [320, 200] },
    ])
    .run(async ({ assert }, { name, make, mimetype, size }) => {
      const { status, data } = await user.upload(await make(), 'whatever.exe')
      const stored = await bytesOf(data)

      assert.equal(status, 201)
      assert.containsSubset(data, { extension: name, mimetype, origin_name: 'whatever.exe' })
      assert.deepEqual([data.width, data.height], size)
      assert.equal(data.size_bytes, stored.length)
      assert.equal(data.md5, createHash('md5').update(stored).digest('hex'))
      assert.equal(data.sha1, createHash('sha1').update(stored).digest('hex'))
      const sha256 = createHash('sha256').update(stored).digest('hex')
      assert.equal((await eventOf(data))?.sha256, sha256)
    })

  test('a photograph loses its metadata, not its pixels', async ({ assert }) => {
    const original = await cameraJpeg(6)
    const { data } = await user.upload(original, 'DSC_0001.JPG')
    const stored = await bytesOf(data)
    const { exif, orientation, icc } = await sharp(stored).metadata()
    const pixels = (bytes: Buffer) => sharp(bytes).raw().toBuffer()

    assert.notInclude(stored.toString('latin1'), 'PicFast Optics')
    assert.equal(orientation, 6)
    assert.isDefined(icc)
    assert.isBelow(exif?.length ?? 0, 60, 'nothing but the orientation is left')
    assert.isTrue((await pixels(stored)).equals(await pixels(original)))
    assert.notEqual(data.md5, createHash('md5').update(original).digest('hex'))
  })

  test('metadata stays for who wants it', async ({ assert }) => {
    const owner = await server.addUser('archivist@example.org')
    await owner.put('/api/v1/users/me', {
      json: { settings: { image_processing: { is_strip_exif: false } } },
    })
    const original = await cameraJpeg()
    const { data } = await owner.upload(original)

    assert.equal(data.md5, createHash('md5').update(original).digest('hex'))
  })

  test('fields say where it goes, who sees it and for how long', async ({ assert }) => {
    const album = await user.post<AlbumJson>('/api/v1/albums', { json: { name: 'Trip' } })
    const { data } = await user.upload(await plainPng(), 'a.png', {
      album_id: String(album.data.id),
      permission: '0',
      expires_in: '24h',
      strategy_id: '1',
      unknown: 'ignored',
    })

    assert.containsSubset(data, { album_id: album.data.id, permission: 0, strategy_id: 1 })
    assert.closeTo(Date.parse(data.expires_at ?? '') - Date.now(), 24 * HOUR, 60_000)
    const albums = await user.get<{ items: AlbumJson[] }>('/api/v1/albums')
    assert.equal(albums.data.items.find(({ id }) => id === album.data.id)?.image_num, 1)
  })

  test('what is not said comes from the settings', async ({ assert }) => {
    const owner = await server.addUser('settled@example.org')
    const album = await owner.post<AlbumJson>('/api/v1/albums', { json: { name: 'Inbox' } })
    const settings = { default_permission: 0, default_album: album.data.id }
    await owner.put('/api/v1/users/me', { json: { settings } })
    const first = await owner.upload(await plainPng(), 'a.png', { album_id: '', permission: '' })
    await owner.delete(`/api/v1/albums/${album.data.id}`)
    const second = await owner.upload(await plainPng(), 'a.png', { permission: '1' })

    assert.containsSubset(first.data, { permission: 0, album_id: album.data.id })
    assert.containsSubset(second.data, { permission: 1, album_id: null })
  })

  test('a name may be anything', async ({ assert }) => {
    const names = [
      ['фото 東京 🗼.png', 'фото 東京 🗼.png'],
      ['../../etc/passwd', 'passwd'],
      ['C:\\Users\\ada\\a.png', 'a.png'],
      ["'><script>&.png", "'><script>&.png"],
      [`${'x'.repeat(300)}.png`, 'x'.repeat(255)],
    ] as const
    for (const [sent, kept] of names) {
      const { status, data } = await user.upload(await plainPng(), sent)
      assert.equal(status, 201, sent)
      assert.equal(data.origin_name, kept)
    }
  })

  test('the same bytes are stored once, and are two images', async ({ assert }) => {
    const bytes = await plainPng(70, 70)
    const one = await user.upload(bytes)
    const two = await admin.upload(bytes)

    assert.notEqual(one.data.key, two.data.key)
    const [first, second] = [await eventOf(one.data), await eventOf(two.data)]
    assert.equal(first?.object_key, second?.object_key)
  })

  test('counts towards what the account holds', async ({ assert }) => {
    const owner = await server.addUser('counted@example.org')
    const one = await owner.upload(await plainPng())
    const two = await owner.upload(await plainPng(80, 80))
    await owner.delete(`${IMAGES}/${one.data.key}`)
    const { data } = await owner.get<UserJson>('/api/v1/users/me')

    assert.containsSubset(data, { used_bytes: two.data.size_bytes, image_num: 1 })
  })

  test('is refused when the account is full', async ({ assert }) => {
    const owner = await server.addUser('full@example.org', 1_000)
    const { status, message } = await owner.upload(await plainPng(300, 300))

    assert.equal(status, 422)
    assert.match(message, /full/)
    assert.equal((await owner.get<UserJson>('/api/v1/users/me')).data.used_bytes, 0)
  })

  test('sent again under its key it is the same image', async ({ assert }) => {
    const bytes = await plainPng(90, 90)
    const headers = { 'idempotency-key': 'upload-1' }
    const send = (file: Buffer, api = user) =>
      api.upload(file, 'a.png', { expires_in: '24h' }, headers)
    const first = await send(bytes)
    const again = await send(bytes)
    const other = await send(await plainPng(91, 91))
    const somebody = await send(bytes, admin)

    assert.equal(again.status, 201)
    assert.deepEqual(again.data, first.data)
    const permission = first.data.permission === 0 ? 1 : 0
    await user.patch(`${IMAGES}/${first.data.key}`, { json: { permission } })
    assert.deepEqual((await send(bytes)).data, { ...first.data, permission }, 'as it is by now')
    assert.equal(other.status, 409)
    assert.equal(somebody.status, 201)
    assert.notEqual(somebody.data.id, first.data.id)
    const bad = await user.upload(bytes, 'a.png', {}, { 'idempotency-key': 'a b' })
    assert.equal(bad.status, 400)
  })

  test('many at once all arrive', async ({ assert }) => {
    const files = await Promise.all(Array.from({ length: 24 }, (_, i) => plainPng(100 + i, 20)))
    const answers = await Promise.all(files.map((file) => user.upload(file)))

    assert.isTrue(answers.every(({ status }) => status === 201))
    for (const [index, { data }] of answers.entries()) {
      assert.isTrue(files[index]?.equals(await bytesOf(data)))
      const shown = await user.get<ImageJson>(`${IMAGES}/${data.key}`)
      assert.deepEqual(shown.data, data, 'the answer is what others see of it')
    }
    const reserved = async () => {
      const { rows } = await server.services.pool.query<{ n: number }>(
        'select count(*)::integer as n from run.object_reservations'
      )
      return rows[0]?.n
    }
    await waitFor(async () => (await reserved()) === 0, { what: 'the names to be given up' })
  })

  test('{$self} is refused by its content')
    .with(['text', 'empty', 'truncated', 'html', 'svg with a document type', 'too many pixels'])
    .run(async ({ assert }, kind) => {
      const files: Record<string, [number, Buffer]> = {
        'text': [415, Buffer.from('this is no image')],
        'empty': [400, Buffer.alloc(0)],
        'truncated': [415, (await plainPng()).subarray(0, 40)],
        'html': [415, Buffer.from('<html><script>alert(1)</script></html>')],
        'svg with a document type': [415, Buffer.from('<!DOCTYPE svg><svg></svg>')],
        'too many pixels': [413, pngBomb(60_000, 60_000)],
      }
      const [expected, bytes] = files[kind] ?? [0, Buffer.alloc(0)]
      const { status } = await user.upload<unknown>(bytes, 'photo.jpg')

      assert.equal(status, expected)
      assert.deepEqual(await temporaryFiles(), [])
    })

  test('the field {$i} is refused')
    .with([
      { fields: { album_id: 'x' }, status: 400 },
      { fields: { album_id: '987654' }, status: 404 },
      { fields: { permission: '2' }, status: 400 },
      { fields: { expires_in: 'soon' }, status: 400 },
      { fields: { expires_in: '0h' }, status: 400 },
      { fields: { strategy_id: '-1' }, status: 400 },
      { fields: { strategy_id: '987654' }, status: 422 },
      { fields: { album_id: 'x'.repeat(5_000) }, status: 400 },
      {
        fields: Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`f${i}`, 'x'])),
        status: 400,
      },
    ])
    .run(async ({ assert }, { fields, status }) => {
      const sent = Object.fromEntries(Object.entries(fields).map(([k, v]) => [k, String(v)]))
      const answer = await user.upload<unknown>(await plainPng(), 'a.png', sent)

      assert.equal(answer.status, status)
      assert.deepEqual(await temporaryFiles(), [])
    })

  test('somebody else’s album is not there', async ({ assert }) => {
    const album = await admin.post<AlbumJson>('/api/v1/albums', { json: { name: 'Theirs' } })
    const { status } = await user.upload<unknown>(await plainPng(), 'a.png', {
      album_id: String(album.data.id),
    })

    assert.equal(status, 404)
  })

  test('a body that is no form with a file is refused', async ({ assert }) => {
    const bytes = new Uint8Array(await plainPng())
    const twice = new FormData()
    twice.append('file', new Blob([bytes]), 'a.png')
    twice.append('file', new Blob([bytes]), 'b.png')
    const elsewhere = new FormData()
    elsewhere.append('image', new Blob([bytes]), 'a.png')
    const none = new FormData()
    none.append('album_id', '1')
    const form = 'multipart/form-data'
    const requests = [
      { json: { file: 'x' } },
      {},
      { body: bytes, headers: { 'content-type': 'image/png' } },
      { body: 'x', headers: { 'content-type': form } },
      { body: 'nonsense', headers: { 'content-type': `${form}; boundary=abc` } },
      { body: '--abc\r\n', headers: { 'content-type': `${form}; boundary=abc` } },
      { body: twice },
      { body: elsewhere },
      { body: none },
    ]
    for (const [index, request] of requests.entries()) {
      assert.equal((await user.post(IMAGES, request)).status, 400, `request ${index}`)
    }
    assert.deepEqual(await temporaryFiles(), [])
  })

  test('an upload that breaks off leaves nothing', async ({ assert }) => {
    const { port, hostname } = new URL(user.url)
    const { position } = await server.services.eventStore.head()
    const socket = connect(Number(port), hostname)
    socket.write(
      [
        `POST ${IMAGES} HTTP/1.1`,
        'Host: x',
        `Authorization: Bearer ${user.token}`,
        'Content-Type: multipart/form-data; boundary=abc',
        'Content-Length: 20000000',
        '',
        '--abc',
        'Content-Disposition: form-data; name="file"; filename="a.png"',
        '',
        'x'.repeat(3_000_000),
      ].join('\r\n')
    )
    await waitFor(async () => (await temporaryFiles()).length === 1, { what: 'the temporary file' })
    socket.destroy()
    await waitFor(async () => (await temporaryFiles()).length === 0, { what: 'its removal' })

    assert.equal((await server.services.eventStore.head()).position, position)
  })

  test('a file that is too large is refused while it is sent', async ({ assert }) => {
    const { status, message } = await user.upload<unknown>(Buffer.alloc(53 * 1024 * 1024, 1))

    assert.equal(status, 413)
    assert.match(message, /52428800 bytes/)
    assert.deepEqual(await temporaryFiles(), [])
  })

  test('one that may not be made is told so, however large', async ({ assert }) => {
    const { status } = await server.api.upload<unknown>(Buffer.alloc(20 * 1024 * 1024, 1))

    assert.equal(status, 401)
    assert.deepEqual(await temporaryFiles(), [])
  })

  test('the storage holds what was committed and nothing else', async ({ assert }) => {
    const { data } = await user.upload(await plainPng(33, 33))
    const event = await eventOf(data)
    const names = await filesBelow(join(server.dataDir, 'objects'))

    assert.include(names, event?.object_key ?? 'none')
  })
})
