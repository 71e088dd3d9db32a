import { randomInt, randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { test } from '@japa/runner'
import type { ObjectStores } from '#storage/object_registry'
import { VariantFiles } from '#storage/variant_files'
import { plainPng } from '#tests/fixtures/images'
import type { ApiClient, ImageJson } from '#tests/helpers/api'
import { filesBelow } from '#tests/helpers/files_below'
import { waitFor } from '#tests/helpers/wait_for'
import { startWebServer, type TestWebServer } from '#tests/helpers/web_server'
import { StorageWorker } from '#workers/storage_worker'

test.group('Storage worker', (group) => {
  group.each.timeout(60_000)
  let server: TestWebServer
  let user: ApiClient
  let stores: ObjectStores
  let worker: StorageWorker

  group.setup(async () => {
    server = await startWebServer()
    await server.setUp()
    user = await server.addUser('user@example.org')
    const { services } = server
    stores = services.objectStores
    worker = new StorageWorker({
      pool: services.pool,
      eventStore: services.eventStore,
      handlers: services.handlers,
      objectStores: stores,
      variantFiles: new VariantFiles(server),
    })
    return () => server.stop()
  })

  const store = () =>
    stores.get({ id: 1, type: 'local', configs: { root: 'objects' }, updatedAt: '' })

  const keys = async () => {
    const found: string[] = []
    for await (const { key } of store().list()) {
      if (!key.startsWith('thumbnails/')) {
        found.push(key)
      }
    }
    return found.toSorted()
  }

  /** What the queue would ask for, as often as it is asked. */
  const work = (imageId: number, key: string = randomUUID()) =>
    worker.process([
      {
        reactionKey: `storage-${key}`,
        eventId: randomUUID(),
        eventPosition: 1,
        attempt: 1,
        payload: { image_id: imageId },
      },
    ])

  const purge = async ({ key }: ImageJson) => {
    await user.delete(`/api/v1/images/${key}`)
    await user.delete(`/api/v1/trash/${key}`)
  }

  const isServed = async ({ links }: ImageJson, bytes: Buffer) => {
    const answer = await user.get(new URL(links.url).pathname)
    return answer.status === 200 && answer.bytes.equals(bytes)
  }

  test('variants go with the bytes', async ({ assert }) => {
    const { data: image } = await user.upload(await plainPng(61, 47))
    const path = new URL(image.links.url).pathname
    assert.equal((await user.get(`${path}@w_30,f_webp`)).status, 200)
    const folder = join(server.dataDir, 'cache/variants')
    // They are written behind the answer: the folder comes with the first.
    const variants = async () => (await filesBelow(folder)).filter((name) => name.endsWith('.webp'))
    await waitFor(async () => (await variants()).length === 1, { what: 'the variant on the disk' })

    await user.delete(`/api/v1/images/${image.key}`)
    await work(image.id)
    assert.lengthOf(await variants(), 1, 'the image can be restored')
    await user.delete(`/api/v1/trash/${image.key}`)
    await work(image.id)
    assert.lengthOf(await variants(), 0)
  })

  test('bytes stay while an image refers to them, and go with the last', async ({ assert }) => {
    const bytes = await plainPng(31, 17)
    const { data: first } = await user.upload(bytes)
    const { data: second } = await user.upload(bytes)
    const before = await keys()
    assert.lengthOf(before, 1, 'the same bytes are stored once')

    await work(first.id)
    assert.isTrue(await isServed(first, bytes), 'an image that is there keeps them')

    await user.delete(`/api/v1/images/${first.key}`)
    await work(first.id)
    assert.deepEqual(await keys(), before, 'one that can be restored keeps them')

    await user.delete(`/api/v1/trash/${first.key}`)
    await work(first.id)
    assert.isTrue(await isServed(second, bytes))

    await purge(second)
    await work(second.id)
    assert.deepEqual(await keys(), [])
  })

  test('done twice, or broken off after the decision, it comes to the same', async ({ assert }) => {
    const bytes = await plainPng(32, 17)
    const { data: image } = await user.upload(bytes)
    const [key = ''] = await keys()
    await purge(image)
    await work(image.id, 'once')
    await store().put(key, bytes)
    await work(image.id, 'once')
    assert.deepEqual(await keys(), [], 'a second run of the same job finishes it')
  })

  test('bytes that went come back with a new upload', async ({ assert }) => {
    const bytes = await plainPng(33, 17)
    const { data: gone } = await user.upload(bytes)
    await purge(gone)
    await work(gone.id)
    const { data: image } = await user.upload(bytes)
    assert.isTrue(await isServed(image, bytes))
    await work(gone.id)
    assert.isTrue(await isServed(image, bytes), 'an old job does no harm')
    await purge(image)
    await work(image.id)
    assert.deepEqual(await keys(), [])
  })

  test('uploads and deletions of the same bytes at the same time lose nothing', async ({
    assert,
  }) => {
    const bytes = await plainPng(34, 17)
    const living: ImageJson[] = []
    const uploadAndMaybeEnd = async () => {
      for (let round = 0; round < 8; round++) {
        const { status, data } = await user.upload(bytes)
        assert.equal(status, 201)
        if (randomInt(3) > 0) {
          await purge(data)
          await work(data.id)
        } else {
          living.push(data)
        }
      }
    }
    await Promise.all(Array.from({ length: 6 }, uploadAndMaybeEnd))
    for (const image of living) {
      assert.isTrue(await isServed(image, bytes), image.key)
    }
    for (const image of living) {
      await purge(image)
      await work(image.id)
    }
    assert.deepEqual(await keys(), [])
  })
})
