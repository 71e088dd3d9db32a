import { spawnSync } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from '@japa/runner'
import sharp from 'sharp'
import type { ApiClient, ImageJson, PageJson } from '#tests/helpers/api'
import { filesBelow } from '#tests/helpers/files_below'
import { waitFor } from '#tests/helpers/wait_for'
import { startWebServer, type TestWebServer } from '#tests/helpers/web_server'

const LANES = 8
const UPLOADS = 60
/** The disk changes before these uploads. */
const READ_ONLY_AT = 20
const WRITABLE_AT = 40

const mount = (...args: string[]) => spawnSync('mount', args).status === 0

test.group('A disk that becomes read-only', (group) => {
  group.each.timeout(60_000)
  let server: TestWebServer
  let admin: ApiClient
  let objects: string
  let isMounted = false

  group.setup(async () => {
    server = await startWebServer()
    admin = await server.setUp()
    objects = join(server.dataDir, 'objects')
    await mkdir(objects, { recursive: true })
    isMounted = mount('-t', 'tmpfs', '-o', 'size=512m', 'tmpfs', objects)
    return async () => {
      await (isMounted &&
        waitFor(() => spawnSync('umount', [objects]).status === 0, { what: 'the disk' }))
      await server.stop()
    }
  })

  const remount = (mode: 'ro' | 'rw') =>
    waitFor(() => mount('-o', `remount,${mode}`, objects), { what: 'the disk' })
  const storedObjects = async () => {
    const names = await filesBelow(objects)
    return names.filter((name) => !/\.temporary|thumbnails/.test(name)).length
  }
  /** Of three one is too large to be held in memory, and one is cleaned in a file. */
  const newImage = async (index: number) =>
    index % 3 === 2 ? newDrawing(index) : newPicture(index)
  const newDrawing = (index: number) =>
    Buffer.from(
      `<svg xmlns="http://www.w3.org/2000/svg" width="${index + 1}" height="9"><path d="M0 0h9"/></svg>`
    )
  const newPicture = (index: number) =>
    sharp({
      create: {
        width: (index % 3 === 0 ? 100 : 900) + index,
        height: index % 3 === 0 ? 100 : 700,
        channels: 3,
        background: '#777',
        noise: { type: 'gaussian', mean: 128, sigma: 60 },
      },
    })
      .png()
      .toBuffer()

  test('in the middle of uploads refuses them with 503, keeps nothing half, and comes back', async ({
    assert,
  }) => {
    const images = await Promise.all(
      Array.from({ length: UPLOADS }, (_image, index) => newImage(index))
    )
    const answers: {
      status: number
      image: ImageJson
      bytes: Buffer
      retryAfter: string | null
    }[] = []
    let next = 0
    const lane = async () => {
      for (let index = next++; index < UPLOADS; index = next++) {
        if (index === READ_ONLY_AT || index === WRITABLE_AT) {
          await remount(index === READ_ONLY_AT ? 'ro' : 'rw')
        }
        const bytes = images[index] ?? Buffer.alloc(0)
        const { status, data, headers } = await admin.upload(bytes)
        answers.push({ status, image: data, bytes, retryAfter: headers.get('retry-after') })
      }
    }
    await Promise.all(Array.from({ length: LANES }, lane))
    const taken = answers.filter(({ status }) => status === 201)
    const refused = answers.filter(({ status }) => status === 503)

    assert.lengthOf([...taken, ...refused], UPLOADS)
    assert.isAbove(refused.length, 0)
    assert.isTrue(refused.every(({ retryAfter }) => Number(retryAfter) > 0))
    for (const { image, bytes } of taken) {
      const served = await admin.get(new URL(image.links.url).pathname)
      assert.isTrue(served.bytes.equals(bytes))
    }
    const { data } = await admin.get<PageJson<ImageJson>>('/api/v1/images')
    assert.equal(data.total, taken.length)
    assert.isAtLeast(await storedObjects(), taken.length)
    assert.equal((await admin.upload(await newImage(1_000))).status, 201)
  }).skip(() => !isMounted, 'A disk can be mounted by root alone')
})
