import { randomUUID } from 'node:crypto'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { test } from '@japa/runner'
import { streams } from '#domain/streams'
import { InMemoryEventStore } from '#event_store/in_memory_event_store'
import type { CommandContext } from '#handlers/command_context'
import { createImageHandlers } from '#handlers/image'
import { createImageImportHandlers } from '#handlers/image_import'
import { RemoteError } from '#remote/errors'
import { uploadData } from '#tests/helpers/events'
import { ImportsWorker, type ImportsPorts } from '#workers/imports_worker'

const CONTEXT: CommandContext = {
  actor: { kind: 'account', id: 1, account_id: 1 },
  correlationId: 'tests',
  causationId: null,
  ip: '203.0.113.7',
  userAgent: 'tests',
  source: 'api',
}
const OWNER = {
  accountId: 1,
  role: 'user' as const,
  frozen: false,
  groupId: 1,
  capacityBytes: 1_000_000,
}
const WISHES = { album_id: null, permission: null, expires_in: null, strategy_id: null }

/** An import that was asked for, and a worker whose uploads are those of the domain without bytes. */
async function openStage(changes: Partial<ImportsPorts> = {}) {
  const store = new InMemoryEventStore()
  let ids = 0
  const ports = {
    store,
    ids: { next: async () => (ids += 1) },
    keys: { draw: (length: number) => randomUUID().replaceAll('-', '').slice(0, length) },
  }
  const image = createImageHandlers(ports)
  const imageImport = createImageImportHandlers(ports)
  const { importId } = await imageImport.requestImport(
    { ownerId: 1, url: 'https://example.org/sea.jpg', wishes: WISHES },
    CONTEXT
  )
  const fetched: string[] = []
  const receiveFrom: ImportsPorts['uploads']['receiveFrom'] = async (source, { context }) => {
    fetched.push(source.filename ?? '')
    await buffer(await source.open(1_000))
    const { sha256, md5, sha1 } = uploadData(1)
    const { key } = await image.uploadImage(
      {
        imageId: source.imageId,
        ownerId: 1,
        albumId: null,
        strategyId: 1,
        objectKey: 'originals/1.jpg',
        namesObject: true,
        originName: source.filename ?? null,
        sizeBytes: 5,
        receivedBytes: 5,
        processing: 'skipped',
        mimetype: 'image/jpeg',
        extension: 'jpg',
        width: 1,
        height: 1,
        frames: 1,
        md5,
        sha1,
        sha256,
        permission: 1,
        expiresAt: null,
        capacityBytes: null,
        held: false,
      },
      context
    )
    return { image: { key }, original: { size: 5, sha1 } } as never
  }
  const worker = new ImportsWorker({
    eventStore: store,
    handlers: { image, imageImport } as never,
    uploads: { receiveFrom },
    remoteFiles: {
      open: async () => ({ body: Readable.from(['bytes']), url: new URL('https://example.org') }),
    },
    identities: { findAccount: async () => OWNER },
    ...changes,
  })
  const work = (attempt = 1) =>
    worker.process([
      {
        reactionKey: `imports-${importId}`,
        eventId: randomUUID(),
        eventPosition: 1,
        attempt,
        payload: { import_id: importId },
      },
    ])
  const types = async () => (await store.readAll({ after: 0, limit: 100 })).map(({ type }) => type)
  return { store, importId, worker, receiveFrom, fetched, work, types }
}

const COMPLETED = ['image_import.requested', 'image.uploaded', 'image_import.completed']

test.group('Imports worker', () => {
  test('a job that runs twice makes one image', async ({ assert }) => {
    const stage = await openStage()
    await stage.work()
    await stage.work()
    assert.deepEqual(await stage.types(), COMPLETED)
    assert.deepEqual(stage.fetched, ['sea.jpg'])
  })

  test('a crash after the image was made loses nothing', async ({ assert }) => {
    const stage = await openStage()
    const crashing = new ImportsWorker({
      eventStore: stage.store,
      handlers: {
        imageImport: {
          settleImport: async () => {
            throw new Error('The process ends here')
          },
        },
      } as never,
      uploads: { receiveFrom: stage.receiveFrom },
      remoteFiles: { open: async () => ({ body: Readable.from(['x']), url: new URL('http://x') }) },
      identities: { findAccount: async () => OWNER },
    })
    const assignment = {
      reactionKey: `imports-${stage.importId}`,
      eventId: randomUUID(),
      eventPosition: 1,
      attempt: 1,
      payload: { import_id: stage.importId },
    }
    await assert.rejects(() => crashing.process([assignment]))
    assert.deepEqual(await stage.types(), COMPLETED.slice(0, 2))
    await stage.work(2)
    assert.deepEqual(await stage.types(), COMPLETED)
    assert.lengthOf(stage.fetched, 1)
  })

  test('two runs at the same moment make one image', async ({ assert }) => {
    const stage = await openStage()
    await Promise.all([stage.work(), stage.work()])
    assert.deepEqual((await stage.types()).toSorted(), [...COMPLETED].toSorted())
    const [uploaded] = await stage.store.readStream(streams.image(stage.importId))
    const completed = (await stage.store.readStream(streams.imageImport(stage.importId)))[1]
    assert.equal(
      completed?.type === 'image_import.completed' && completed.data.key,
      uploaded?.type === 'image.uploaded' && uploaded.data.key
    )
  })

  test('a server that is away is asked again, and then no more', async ({ assert }) => {
    const away = new RemoteError('E_REMOTE_UNREACHABLE', 'The address cannot be reached')
    const stage = await openStage({ remoteFiles: { open: () => Promise.reject(away) } })
    await assert.rejects(() => stage.work(1))
    await assert.rejects(() => stage.work(2))
    await stage.work(3)
    assert.deepEqual(await stage.types(), ['image_import.requested', 'image_import.failed'])
  })

  test('nothing is fetched for a closed account', async ({ assert }) => {
    for (const account of [null, { ...OWNER, frozen: true }]) {
      const stage = await openStage({ identities: { findAccount: async () => account } })
      await stage.work()
      assert.deepEqual(await stage.types(), ['image_import.requested', 'image_import.failed'])
      assert.deepEqual(stage.fetched, [])
    }
  })

  test('trouble of our own is tried again, and said to be one when it is given up', async ({
    assert,
  }) => {
    const stage = await openStage({
      uploads: {
        receiveFrom: async () => {
          throw new Error('The disk is away')
        },
      },
    })
    await assert.rejects(() => stage.work(11))
    await stage.worker.giveUp({
      reactionKey: 'imports-1',
      eventId: randomUUID(),
      eventPosition: 1,
      attempt: 12,
      payload: { import_id: stage.importId },
    })
    const [, failed] = await stage.store.readStream(streams.imageImport(stage.importId))
    assert.deepInclude(failed?.data, { code: 'E_GIVEN_UP' })
  })
})
