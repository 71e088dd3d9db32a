import { execFile, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { test } from '@japa/runner'
import { randomKeys } from '#handlers/random_keys'
import { Workshop } from '#imaging/workshop/workshop'
import { thumbnailKey } from '#storage/object_key'
import { ObjectReservations } from '#storage/object_reservations'
import type { ObjectStore } from '#storage/object_store'
import { VariantFiles } from '#storage/variant_files'
import { plainPng, SVG } from '#tests/fixtures/images'
import type { AdministeredStrategyJson, ApiClient, ImageJson } from '#tests/helpers/api'
import { TEST_SITE_KEY } from '#tests/helpers/event_store'
import {
  S3_BUCKET,
  S3_CREDENTIALS,
  startS3Server,
  type TestStorageServer,
} from '#tests/helpers/s3_server'
import { waitFor } from '#tests/helpers/wait_for'
import { startWebServer, type TestWebServer } from '#tests/helpers/web_server'
import { ImageObjects } from '#uploads/image_objects'
import { ObjectMigration } from '#uploads/object_migration'
import { StorageWorker } from '#workers/storage_worker'
import { strategyOf } from '#workers/strategy_settings'
import { ThumbnailsWorker } from '#workers/thumbnails_worker'

const ACE = fileURLToPath(new URL('../../ace.js', import.meta.url))
const runFile = promisify(execFile)

test.group('Migration of images between strategies', (group) => {
  group.each.timeout(120_000)
  let server: TestWebServer
  let place: TestStorageServer
  let admin: ApiClient
  let target: AdministeredStrategyJson

  group.setup(async () => {
    ;[server, place] = await Promise.all([startWebServer(), startS3Server()])
    admin = await server.setUp()
    const made = await admin.post<AdministeredStrategyJson>('/api/v1/admin/strategies', {
      json: {
        name: 's3',
        strategy_type: 's3',
        configs: {
          endpoint: place.url,
          bucket: S3_BUCKET,
          access_key: S3_CREDENTIALS.accessKey,
          secret_key: S3_CREDENTIALS.secretKey,
        },
      },
    })
    target = made.data
    return async () => {
      await server.stop()
      await place.stop()
    }
  })

  const commandLine = () => {
    const { databaseUrl, redisUrl } = server.services.config
    const env = {
      ...process.env,
      NODE_ENV: 'production',
      DATABASE_URL: databaseUrl,
      REDIS_URL: redisUrl,
      APP_KEY: TEST_SITE_KEY,
      DATA_DIR: server.dataDir,
    }
    return { args: [ACE, 'storage:migrate', '--from', '1', '--to', String(target.id)], env }
  }

  /** The command, as it is typed; answers what it printed and its exit code. */
  const migrate = async (...flags: string[]) => {
    const { args, env } = commandLine()
    try {
      const { stdout, stderr } = await runFile(process.execPath, [...args, ...flags], { env })
      return { code: 0, output: stdout + stderr }
    } catch (error) {
      if (error instanceof Error && 'stdout' in error && 'code' in error) {
        return { code: Number(error.code), output: String(error.stdout) }
      }
      throw error
    }
  }

  const keysIn = async (strategyId: number) => {
    const { objectStores, pool } = server.services
    const store = objectStores.get(await strategyOf(pool, strategyId))
    const keys = (await Array.fromAsync(store.list())).map(({ key }) => key)
    return keys.filter((key) => !key.startsWith('thumbnails/')).toSorted()
  }

  /** What the queue would bring: everything that the log says may go. */
  const removeWhatMayGo = async () => {
    const { services } = server
    const worker = new StorageWorker({ ...services, variantFiles: new VariantFiles(server) })
    const events = await services.eventStore.readAll({
      after: 0,
      limit: 10_000,
      types: ['image.object_moved', 'image.purged'],
    })
    for (const event of events) {
      if (event.type !== 'image.object_moved' && event.type !== 'image.purged') {
        continue
      }
      const { id, position, data } = event
      const payload =
        'from_object_key' in data
          ? {
              image_id: data.image_id,
              strategy_id: data.from_strategy_id,
              object_key: data.from_object_key,
            }
          : { image_id: data.image_id, strategy_id: data.strategy_id, object_key: data.object_key }
      await worker.process([
        {
          reactionKey: `storage-${randomUUID()}`,
          eventId: id,
          eventPosition: position,
          attempt: 1,
          payload,
        },
      ])
    }
  }

  const isServed = async ({ links }: ImageJson, bytes: Buffer) =>
    (await admin.get(new URL(links.url).pathname)).bytes.equals(bytes)

  const taken = async (bytes: Buffer) => ({
    bytes,
    image: (await admin.upload<ImageJson>(bytes)).data,
  })

  test('moves all while others upload and delete, and leaves nothing behind', async ({
    assert,
  }) => {
    const contents = await Promise.all(
      Array.from({ length: 12 }, (_content, index) => plainPng(60 + index, 11))
    )
    const images = []
    for (const bytes of [...contents, ...contents.slice(0, 4)]) {
      images.push(await taken(bytes))
    }
    const [trashed] = images.splice(5, 1)
    await admin.delete(`/api/v1/images/${trashed?.image.key}`)
    const before = await keysIn(1)
    assert.lengthOf(before, 12)

    const dry = await migrate('--dry-run')
    assert.equal(dry.code, 0, dry.output)
    assert.match(dry.output, /16 images/)
    assert.deepEqual(await keysIn(target.id), [])

    const meanwhile = async () => {
      for (let round = 0; round < 8; round++) {
        images.push(await taken(contents[round] ?? Buffer.alloc(0)))
        const { image } = await taken(await plainPng(90 + round, 11))
        await admin.delete(`/api/v1/images/${image.key}`)
        await admin.delete(`/api/v1/trash/${image.key}`)
      }
    }
    const [first] = await Promise.all([migrate(), meanwhile()])
    assert.equal(first.code, 0, first.output)
    assert.match(first.output, /images moved.*a second/)
    const again = await migrate()
    assert.equal(again.code, 0, again.output)
    await removeWhatMayGo()

    assert.deepEqual(await keysIn(1), [], 'nothing is left where they were')
    assert.includeMembers(await keysIn(target.id), before, 'they keep their names')
    assert.lengthOf(await keysIn(target.id), 12, 'the same bytes lie there once')
    for (const { image, bytes } of images) {
      await waitFor(() => isServed(image, bytes), { what: `image ${image.key}` })
      const { data } = await admin.get<ImageJson>(`/api/v1/images/${image.key}`)
      assert.equal(data.strategy_id, target.id)
    }
    const restored = await admin.post(`/api/v1/images/${trashed?.image.key}/restore`)
    assert.equal(restored.status, 200)
    assert.isTrue(trashed && (await isServed(trashed.image, trashed.bytes)))
    assert.deepEqual(await readdir(join(server.dataDir, 'spool')), [])
  })

  test('killed in the middle, and started again, it moves each once', async ({ assert }) => {
    const images = []
    for (let index = 0; index < 40; index++) {
      images.push(await taken(await plainPng(120 + index, 11)))
    }
    const ids = new Set(images.map(({ image }) => image.id))
    const moves = async () => {
      const types = ['image.object_moved'] as const
      const events = await server.services.eventStore.readAll({ after: 0, limit: 10_000, types })
      return events
        .map(({ data }) => ('image_id' in data ? data.image_id : 0))
        .filter((id) => ids.has(id))
    }
    const { args, env } = commandLine()
    const broken = spawn(process.execPath, args, { env, stdio: 'ignore' })
    const ended = once(broken, 'exit')
    await waitFor(async () => (await moves()).length > 0, { what: 'a move', timeoutMs: 30_000 })
    broken.kill('SIGKILL')
    await ended
    assert.equal(broken.signalCode, 'SIGKILL')
    assert.isBelow((await moves()).length, images.length, 'it was not done')
    for (const { image, bytes } of images) {
      assert.isTrue(await isServed(image, bytes), 'what was moved and what was not is served')
    }

    const resumed = await migrate()
    assert.equal(resumed.code, 0, resumed.output)
    assert.sameMembers(await moves(), [...ids])
    await removeWhatMayGo()
    assert.deepEqual(await keysIn(1), [])
    for (const { image, bytes } of images) {
      await waitFor(() => isServed(image, bytes), { what: `image ${image.key}` })
    }
  })

  const makeThumbnail = async ({ id }: ImageJson, workshop: Pick<Workshop, 'run'>) => {
    await new ThumbnailsWorker({ ...server.services, workshop }).process([
      {
        reactionKey: `thumbnails-${randomUUID()}`,
        eventId: randomUUID(),
        eventPosition: 1,
        attempt: 1,
        payload: { image_id: id },
      },
    ])
  }
  const storeOf = async (strategyId: number) =>
    server.services.objectStores.get(await strategyOf(server.services.pool, strategyId))
  const newDrawing = async (width: number) =>
    (await taken(Buffer.from(SVG.toString().replace('<svg', `<svg data-width="${width}"`)))).image

  test('a thumbnail that is made while its image moves comes along', async ({
    assert,
    cleanup,
  }) => {
    const workshop = new Workshop()
    cleanup(() => workshop.close())
    const image = await newDrawing(1)
    let moved = false
    const slow: Pick<Workshop, 'run'> = {
      async run(...args) {
        const made = await workshop.run(...args)
        if (!moved) {
          moved = true
          const { code, output } = await migrate()
          assert.equal(code, 0, output)
        }
        return made
      },
    }
    await makeThumbnail(image, slow)
    assert.isTrue(moved)
    assert.exists(await (await storeOf(target.id)).stat(thumbnailKey(image.md5)))
    await removeWhatMayGo()
  })

  test('a thumbnail that is recorded before the move, but after it was looked for, comes along', async ({
    assert,
    cleanup,
  }) => {
    const workshop = new Workshop()
    cleanup(() => workshop.close())
    const image = await newDrawing(2)
    const { eventStore, handlers, pool } = server.services
    const [near, far] = [await storeOf(1), await storeOf(target.id)]
    let looks = 0
    const late: ObjectStore = Object.create(near, {
      readAll: {
        async value(key: string) {
          looks += 1
          const found = near.readAll(key)
          if (looks === 1) {
            await found.catch(() => {})
            await makeThumbnail(image, workshop)
          }
          return found
        },
      },
      read: { value: (key: string) => near.read(key) },
    })
    const objects = new ImageObjects({
      handlers,
      reservations: new ObjectReservations(pool),
      keys: randomKeys,
    })
    const migration = new ObjectMigration(
      { eventStore, handlers, objects },
      { from: { strategyId: 1, store: late }, to: { strategyId: target.id, store: far } }
    )
    assert.equal((await migration.move(image.id)).outcome, 'moved')
    assert.equal(looks, 2)
    assert.exists(await far.stat(thumbnailKey(image.md5)))
    await removeWhatMayGo()
  })

  test('what is damaged stays, and is told', async ({ assert }) => {
    const { image } = await taken(await plainPng(80, 11))
    const [key = ''] = await keysIn(1)
    writeFileSync(join(server.dataDir, 'objects', key), 'other bytes')
    const { code, output } = await migrate()
    assert.equal(code, 1)
    assert.match(output, /damaged/)
    const { data } = await admin.get<ImageJson>(`/api/v1/images/${image.key}`)
    assert.equal(data.strategy_id, 1)
    assert.deepEqual(await keysIn(1), [key])
  })
})
