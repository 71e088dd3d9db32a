import { createHash, randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { test } from '@japa/runner'
import type { ImageEvent } from '#domain/image/events'
import { keepsBytes } from '#domain/image/decide'
import { evolveImage, type Image } from '#domain/image/state'
import { streams } from '#domain/streams'
import { DomainError } from '#domain/domain_error'
import { loadState } from '#handlers/load_state'
import { randomKeys } from '#handlers/random_keys'
import { ObjectReservations } from '#storage/object_reservations'
import { LocalObjectStore } from '#storage/local_object_store'
import { VariantFiles } from '#storage/variant_files'
import { uploadData } from '#tests/helpers/events'
import { TemporaryFolder } from '#tests/helpers/temporary_folder'
import { startWebServer, SYSTEM, type TestWebServer } from '#tests/helpers/web_server'
import { ImageObjects, type FinishedFile } from '#uploads/image_objects'
import { ObjectSweep } from '#workers/object_sweep'
import { StorageWorker } from '#workers/storage_worker'

/** Few different bytes and names, so that uploads meet each other. */
const CONTENTS = 3
const NAMES = ['{uniqid}', '{md5}', '{md5-16}', '{timestamp}', 'always-the-same']

const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('upload' as const),
      content: fc.nat(CONTENTS - 1),
      name: fc.constantFrom(...NAMES),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constantFrom('delete', 'restore', 'purge', 'remove'),
      of: fc.nat(40),
    }),
  }
)

test.group('Properties | stored objects', (group) => {
  let server: TestWebServer
  let folder: TemporaryFolder

  group.setup(async () => {
    server = await startWebServer()
    await server.setUp()
    folder = new TemporaryFolder()
    return async () => {
      await server.stop()
      folder.remove()
    }
  })

  test('whatever is uploaded and removed at the same time, every image keeps its bytes and nothing else stays', async ({
    assert,
  }) => {
    const { eventStore, handlers, pool } = server.services
    const reservations = new ObjectReservations(pool)
    const objects = new ImageObjects({ handlers, reservations, keys: randomKeys })
    let run = 0

    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(step, { maxLength: 14 }), { minLength: 3, maxLength: 5 }),
        async (actors) => {
          run += 1
          const store = new LocalObjectStore({ root: folder.at(`run-${run}`) })
          // A strategy of its own for each run; the workers find the run's store under it.
          const strategyId = 1_000 + run
          const { rows } = await pool.query(
            `insert into read.strategies select $1, name, strategy_type, configs, created_at, updated_at
           from read.strategies where strategy_id = 1 returning 1`,
            [strategyId]
          )
          assert.lengthOf(rows, 1)
          const objectStores = { get: () => store }
          const variantFiles = new VariantFiles(server)
          const ports = { pool, eventStore, handlers, objectStores, variantFiles }
          const worker = new StorageWorker(ports)
          const files = await Promise.all(
            Array.from({ length: CONTENTS }, async (_file, index): Promise<FinishedFile> => {
              const bytes = Buffer.from(`run ${run}, content ${index}`)
              const hash = (name: string) => createHash(name).update(bytes).digest('hex')
              return {
                content: bytes,
                sha256: hash('sha256'),
                md5: hash('md5'),
                extension: 'png',
                ownerId: null,
                at: new Date(),
              }
            })
          )
          const imageIds: number[] = []

          const upload = async (file: FinishedFile, name: string) => {
            const { imageId } = await objects.keep(
              file,
              { strategyId, store, naming: { path: 'x', file: name } },
              (reference) =>
                handlers.image.uploadImage(
                  { ...commandFor(file, strategyId), ...reference },
                  SYSTEM
                )
            )
            imageIds.push(imageId)
          }
          const remove = (imageId: number) =>
            worker.process([
              {
                reactionKey: `storage-${randomUUID()}`,
                eventId: randomUUID(),
                eventPosition: 1,
                attempt: 1,
                payload: { image_id: imageId },
              },
            ])
          const change = async (kind: string, imageId: number) => {
            const requester = { imageId, requesterId: null, isAdmin: true }
            switch (kind) {
              case 'delete':
                return handlers.image.deleteImage(requester, SYSTEM)
              case 'restore':
                return handlers.image.restoreImage(
                  { ...requester, now: new Date().toISOString(), capacityBytes: 1e12 },
                  SYSTEM
                )
              case 'purge':
                return handlers.image.purgeImage({ imageId }, SYSTEM)
              default:
                return remove(imageId)
            }
          }

          await Promise.all(
            actors.map(async (steps) => {
              for (const one of steps) {
                if ('content' in one) {
                  const file = files[one.content]
                  if (file !== undefined) {
                    await upload(file, one.name)
                  }
                  continue
                }
                const imageId = imageIds[one.of % Math.max(1, imageIds.length)]
                if (imageId !== undefined) {
                  await change(one.kind, imageId).catch(unlessRefused)
                }
              }
            })
          )

          const referred = new Map<string, string>()
          for (const imageId of imageIds) {
            await remove(imageId)
            const image = await loadState<Image>(
              eventStore,
              streams.image(imageId),
              (state, event: ImageEvent) => evolveImage(state, event)
            )
            if (image !== null && keepsBytes(image)) {
              const stored = await store.readAll(image.objectKey)
              assert.equal(createHash('sha256').update(stored).digest('hex'), image.sha256)
              assert.equal(
                referred.get(image.sha256) ?? image.objectKey,
                image.objectKey,
                'the same bytes lie in one object'
              )
              referred.set(image.sha256, image.objectKey)
            }
          }
          await new ObjectSweep(ports, (_message, error) => {
            throw error
          }).sweep(-60_000)
          const keys = (await Array.fromAsync(store.list())).map(({ key }) => key)
          assert.sameMembers(keys, [...referred.values()])
          assert.deepEqual(await reservations.leftBehind(-60_000, 10), [])
        }
      ),
      { numRuns: 40, interruptAfterTimeLimit: 60_000, markInterruptAsFailure: false }
    )
  }).timeout(120_000)
})

/** What cannot be done to an image any more is refused, and that is all. */
function unlessRefused(error: unknown): void {
  if (!(error instanceof DomainError)) {
    throw error
  }
}

function commandFor({ md5, sha256 }: FinishedFile, strategyId: number) {
  const data = uploadData(1)
  return {
    ownerId: null,
    albumId: null,
    strategyId,
    originName: 'x.png',
    sizeBytes: data.size_bytes,
    receivedBytes: data.received_bytes,
    processing: data.processing,
    mimetype: data.mimetype,
    extension: 'png',
    width: 1,
    height: 1,
    frames: 1,
    md5,
    sha1: data.sha1,
    sha256,
    permission: 1 as const,
    expiresAt: null,
    capacityBytes: null,
    held: false,
  }
}
