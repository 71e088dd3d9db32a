import { availableParallelism } from 'node:os'
import { LRUCache } from 'lru-cache'
import { ImagingError } from '#imaging/errors'
import { renderVariant, type RenderOptions } from '#imaging/variant'
import type { VariantOptions } from '#imaging/variant_options'
import { variantSize } from '#imaging/variant_size'
import type { StoredImageView } from '#read_models/views'
import type { ObjectStores } from '#storage/object_registry'
import type { CachedVariant, VariantCache } from '#storage/variant_cache'
import { SharedWork } from './shared_work.ts'
import { variantFormat } from './variant_format.ts'

/** One more than cores, so that none stands still while another picture is answered; libuv's threads read files as well. */
const AT_ONCE = Math.min(availableParallelism() + 1, 8)

/** These are answered as they are: a GIF goes on moving, and an SVG has every size. */
const PASSED_THROUGH = ['gif', 'svg']

const REMEMBERED_FAILURES = 10_000
const FAILURE_MILLISECONDS = 10 * 60 * 1_000

const EXTENSIONS = { jpeg: 'jpg', png: 'png', webp: 'webp', gif: 'gif', avif: 'avif' } as const

/** `kept`: how long a client may keep an original that stands in for the variant; one that may succeed later is short. */
export type FoundVariant = { variant: CachedVariant } | { original: 'for good' | 'for now' }

/** Variants from the cache, or made now, once for all who wait for the same. */
export class Variants {
  readonly #stores: ObjectStores
  readonly #cache: VariantCache
  readonly #work: SharedWork<FoundVariant>
  readonly #failures = new LRUCache<string, FoundVariant>({
    max: REMEMBERED_FAILURES,
    ttl: FAILURE_MILLISECONDS,
  })

  /** `waiting`: how many may wait to be made. */
  constructor(parts: { stores: ObjectStores; cache: VariantCache; waiting: number }) {
    this.#stores = parts.stores
    this.#cache = parts.cache
    this.#work = new SharedWork({ atOnce: AT_ONCE, waiting: parts.waiting })
  }

  /**
   * The variant of an image, or that the original is to be answered instead; `accept` is what the client says it takes.
   *
   * @throws ServerBusyError when too many wait already
   * @throws StorageError E_OBJECT_MISSING, E_STORAGE_UNAVAILABLE
   */
  async find(
    image: StoredImageView,
    asked: VariantOptions,
    accept: string | undefined
  ): Promise<FoundVariant> {
    const options = renderOptions(image, asked, accept)
    if (options === null) {
      return { original: 'for good' }
    }
    const name = nameOf(options)
    const variant = await this.#cache.find(image.sha256, name)
    if (variant !== null) {
      return { variant }
    }
    const key = `${image.sha256} ${name}`
    return this.#failures.get(key) ?? this.#work.run(key, () => this.#make(image, options, key))
  }

  async #make(image: StoredImageView, options: RenderOptions, key: string): Promise<FoundVariant> {
    const { extension, width, height, frames, objectKey, sha256 } = image
    const store = this.#stores.get(image.strategy)
    const file = store.localPath(objectKey) ?? (await store.readAll(objectKey))
    try {
      const { bytes, format } = await renderVariant(
        { file, extension, width, height, frames },
        options
      )
      const made = { bytes, extension: EXTENSIONS[format] }
      return { variant: await this.#cache.keep(sha256, nameOf(options), made) }
    } catch (error) {
      if (!(error instanceof ImagingError)) {
        throw error
      }
      const failure = {
        original: error.code === 'E_IMAGE_TOO_SLOW' ? 'for now' : 'for good',
      } as const
      this.#failures.set(key, failure)
      return failure
    }
  }
}

/** What is to be made of an image; `null` when that is the image itself. */
function renderOptions(
  image: StoredImageView,
  asked: VariantOptions,
  accept: string | undefined
): RenderOptions | null {
  if (PASSED_THROUGH.includes(image.extension)) {
    return null
  }
  const size = variantSize(image, asked)
  const { width, height } = size
  const { extension, frames } = image
  const format = variantFormat({ extension, frames, pixels: width * height }, asked.format, accept)
  const isLossless = format === 'png' || format === 'gif'
  const quality = isLossless ? null : asked.quality
  const isItself =
    width === image.width &&
    height === image.height &&
    format !== 'plain' &&
    EXTENSIONS[format] === extension &&
    quality === null &&
    asked.blur === null
  return isItself ? null : { size, format, quality, blur: asked.blur }
}

/** Options that give the same have the same name. */
function nameOf({ size, format, quality, blur }: RenderOptions): string {
  return [size.width, size.height, size.fit, format, quality ?? '', blur ?? ''].join(' ')
}
