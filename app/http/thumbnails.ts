import { ImagingBusyError, ImagingError } from '#imaging/errors'
import type { Workshop } from '#imaging/workshop/workshop'
import type { StoredImageView } from '#read_models/views'
import { thumbnailKey } from '#storage/object_key'
import type { ObjectStores } from '#storage/object_registry'
import type { ObjectStore, StoredObject } from '#storage/object_store'
import { storeThumbnail } from '#storage/thumbnails'
import { E_NOT_FOUND, E_THUMBNAIL_NOT_POSSIBLE } from './errors.ts'
import { SharedWork } from './shared_work.ts'

/** Pictures worked on at once in a process that has answers to give. */
const AT_ONCE = 2

export interface ThumbnailPorts {
  stores: ObjectStores
  workshop: Pick<Workshop, 'run'>
}

export interface FoundThumbnail {
  store: ObjectStore
  object: StoredObject
  mimetype: string
}

/** Thumbnails as the worker stores them; one that it has not got to is made here, once for all who wait. */
export class Thumbnails {
  readonly #stores: ObjectStores
  readonly #workshop: Pick<Workshop, 'run'>
  readonly #work = new SharedWork<void>({ atOnce: AT_ONCE })

  constructor({ stores, workshop }: ThumbnailPorts) {
    this.#stores = stores
    this.#workshop = workshop
  }

  /** @throws E_THUMBNAIL_NOT_POSSIBLE when there can be none, ImagingBusyError when there is too much to do */
  async find(image: StoredImageView): Promise<FoundThumbnail> {
    const store = this.#stores.get(image.strategy)
    const key = image.thumbnailKey ?? thumbnailKey(image.md5)
    const object = (await store.stat(key)) ?? (await this.#make(store, image, key))
    return { store, object, mimetype: image.thumbnailMimetype ?? 'image/webp' }
  }

  async #make(store: ObjectStore, image: StoredImageView, key: string): Promise<StoredObject> {
    if (image.thumbnailStatus === 'failed') {
      throw new E_THUMBNAIL_NOT_POSSIBLE()
    }
    try {
      await this.#work.run(`${image.strategyId} ${key}`, async () => {
        await storeThumbnail(store, image, this.#workshop)
      })
    } catch (error) {
      const isHopeless = error instanceof ImagingError && !(error instanceof ImagingBusyError)
      throw isHopeless ? new E_THUMBNAIL_NOT_POSSIBLE() : error
    }
    const object = await store.stat(key)
    if (object === null) {
      throw new E_NOT_FOUND()
    }
    return object
  }
}
