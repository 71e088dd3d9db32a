import { createHash, randomUUID } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { Transform, type Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ImageEvent } from '#domain/image/events'
import { keepsBytes } from '#domain/image/decide'
import { evolveImage, type Image } from '#domain/image/state'
import { streams } from '#domain/streams'
import type { EventStore } from '#event_store/port'
import { SYSTEM_ACTOR, type CommandContext } from '#handlers/command_context'
import type { Handlers } from '#handlers/index'
import { loadState } from '#handlers/load_state'
import { StorageError } from '#storage/errors'
import { thumbnailKey } from '#storage/object_key'
import type { ObjectStore } from '#storage/object_store'
import type { Destination, ImageObjects } from './image_objects.ts'
import { removeTemporary } from '#storage/temporary_files'

/** A strategy and the store that it is. */
export interface Place {
  strategyId: number
  store: ObjectStore
}

export interface ObjectMigrationPorts {
  eventStore: EventStore
  handlers: Pick<Handlers, 'storedObject'>
  objects: ImageObjects
}

/** What came of one image: moved, not there to be moved any more, or left where it is for a reason. */
export type Migrated =
  | { outcome: 'moved'; bytes: number }
  | { outcome: 'skipped' }
  | { outcome: 'failed'; reason: string }

/**
 * Moves images' bytes from one strategy to another while the site runs. Each is copied, compared by its hash on both sides,
 * and recorded; what it leaves behind goes as the bytes of a deleted image do, once nothing refers to them.
 */
export class ObjectMigration {
  readonly #ports: ObjectMigrationPorts
  readonly #from: Place
  readonly #to: Place
  readonly #context: CommandContext = {
    actor: SYSTEM_ACTOR,
    correlationId: randomUUID(),
    causationId: null,
    ip: null,
    userAgent: null,
    source: 'console',
  }

  constructor(ports: ObjectMigrationPorts, places: { from: Place; to: Place }) {
    this.#ports = ports
    this.#from = places.from
    this.#to = places.to
  }

  /** Moves one image; a storage that fails is an outcome, for others may still be moved. */
  async move(imageId: number): Promise<Migrated> {
    const image = await loadState<Image>(
      this.#ports.eventStore,
      streams.image(imageId),
      (state, event: ImageEvent) => evolveImage(state, event)
    )
    if (image === null || image.strategyId !== this.#from.strategyId || !keepsBytes(image)) {
      return { outcome: 'skipped' }
    }
    const path = await this.#to.store.temporaryPath()
    try {
      await this.#copy(image, path)
      const hasThumbnail = await this.#copyThumbnail(image)
      const { objectKey } = await this.#record(image, path)
      if (objectKey === null) {
        return { outcome: 'skipped' }
      }
      if (!hasThumbnail) {
        // Made since, by a worker that could not know of the move.
        await this.#copyThumbnail(image)
      }
      return { outcome: 'moved', bytes: image.sizeBytes }
    } catch (error) {
      if (!(error instanceof StorageError)) {
        throw error
      }
      return { outcome: 'failed', reason: error.message }
    } finally {
      await removeTemporary(path)
    }
  }

  /** Takes the bytes to this machine. @throws StorageError when they are not those that were uploaded */
  async #copy({ objectKey, sha256 }: Image, path: string): Promise<void> {
    const hash = createHash('sha256')
    const hashed = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        hash.update(chunk)
        done(null, chunk)
      },
    })
    await pipeline(
      await this.#from.store.read(objectKey),
      hashed,
      createWriteStream(path, { flags: 'wx', mode: 0o640, flush: true })
    )
    if (hash.digest('hex') !== sha256) {
      throw new StorageError('E_OBJECT_MISSING', `The bytes of "${objectKey}" are damaged`)
    }
  }

  /** Whether there was one to copy: one that is missing, there or here, is made anew when it is asked for. */
  async #copyThumbnail({ md5 }: Image): Promise<boolean> {
    const key = thumbnailKey(md5)
    try {
      await this.#to.store.put(key, await this.#from.store.readAll(key))
      return true
    } catch (error) {
      if (!(error instanceof StorageError)) {
        throw error
      }
      return false
    }
  }

  #record(image: Image, path: string): Promise<{ objectKey: string | null }> {
    const { imageId, sha256, md5, ownerId } = image
    const { strategyId, store } = this.#to
    const { naming, extension } = namesOf(image.objectKey)
    const destination: Destination = { strategyId, store, naming }
    const file = { content: path, sha256, md5, ownerId, extension, at: new Date() }
    return this.#ports.objects.keep(file, destination, async (reference) => {
      await this.#compare(reference.objectKey, sha256)
      const { events } = await this.#ports.handlers.storedObject.moveObject(
        {
          imageId,
          fromStrategyId: this.#from.strategyId,
          toStrategyId: strategyId,
          ...reference,
        },
        this.#context
      )
      return { objectKey: events.length === 0 ? null : reference.objectKey }
    })
  }

  async #compare(objectKey: string, sha256: string): Promise<void> {
    const stored = await hashOf(await this.#to.store.read(objectKey))
    if (stored !== sha256) {
      throw new StorageError(
        'E_STORAGE_UNAVAILABLE',
        `"${objectKey}" was not stored as it was sent`
      )
    }
  }
}

/** An object keeps its name where it is free. */
function namesOf(objectKey: string) {
  const slash = objectKey.lastIndexOf('/')
  const dot = objectKey.lastIndexOf('.')
  return {
    naming: { path: objectKey.slice(0, Math.max(0, slash)), file: objectKey.slice(slash + 1, dot) },
    extension: objectKey.slice(dot + 1),
  }
}

async function hashOf(bytes: Readable): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of bytes) {
    hash.update(chunk)
  }
  return hash.digest('hex')
}
