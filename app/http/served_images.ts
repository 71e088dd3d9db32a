import { LRUCache } from 'lru-cache'
import type { NewEvent } from '#event_store/port'
import { findStoredImage } from '#read_models/image_queries'
import type { StoredImageView } from '#read_models/views'

const KEPT_IMAGES = 20_000
/** How long another process may go on with what it knows. */
const FRESH_MILLISECONDS = 1_000

/**
 * What it takes to serve a file, kept for a moment, so that a picture that many look at costs one query a second. What
 * this process has changed it looks up anew, and so it does what it is told that others have changed; what it is not told
 * shows within a second.
 */
export class ServedImages {
  readonly #images = new LRUCache<string, StoredImageView>({
    max: KEPT_IMAGES,
    ttl: FRESH_MILLISECONDS,
  })
  /** Images changed here so lately that a row read meanwhile may be the one before. */
  readonly #changed = new LRUCache<number, true>({
    max: KEPT_IMAGES,
    ttl: 2 * FRESH_MILLISECONDS,
  })

  /** Look-ups under way, which all who ask meanwhile share. */
  readonly #lookUps = new Map<string, Promise<StoredImageView | null>>()

  async find(key: string): Promise<StoredImageView | null> {
    const known = this.#images.get(key)
    if (known !== undefined && !this.#changed.has(known.imageId)) {
      return isOver(known) ? null : known
    }
    const underWay = this.#lookUps.get(key)
    if (underWay !== undefined) {
      return underWay
    }
    const lookUp = this.#lookUp(key).finally(() => {
      if (this.#lookUps.get(key) === lookUp) {
        this.#lookUps.delete(key)
      }
    })
    this.#lookUps.set(key, lookUp)
    return lookUp
  }

  async #lookUp(key: string): Promise<StoredImageView | null> {
    const image = await findStoredImage(key)
    if (image !== null && !this.#changed.has(image.imageId)) {
      this.#images.set(key, image)
    }
    return image
  }

  /** What an image is, as far as that is known and fresh; it is not looked up. */
  known(key: string): StoredImageView | null {
    const image = this.#images.get(key)
    return image === undefined || this.#changed.has(image.imageId) || isOver(image) ? null : image
  }

  /** Looks images up anew: they have been changed. */
  changed(imageIds: readonly number[]): void {
    imageIds.forEach((imageId) => this.#changed.set(imageId, true))
    // What was looked up before the change is not for those who ask after it.
    this.#lookUps.clear()
  }
}

/** The images that events change. */
export function imagesChangedBy(events: readonly NewEvent[]): number[] {
  return events.flatMap(({ type, data }) =>
    'image_id' in data && type !== 'image.uploaded' ? [data.image_id] : []
  )
}

function isOver({ expiresAt }: StoredImageView): boolean {
  return expiresAt !== null && Date.parse(expiresAt) <= Date.now()
}
