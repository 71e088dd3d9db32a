import { createHash } from 'node:crypto'
import { stat } from 'node:fs/promises'
import { LRUCache } from 'lru-cache'
import { filesToEvict } from './variant_eviction.ts'
import {
  contentHash,
  VariantFiles,
  type VariantExtension,
  type VariantFile,
} from './variant_files.ts'
import { VariantWrites } from './variant_writes.ts'

/** A variant that is there. */
export interface CachedVariant {
  /** Of its content. */
  hash: string
  extension: VariantExtension
  size: number
  /** The bytes, or the path of a large one. */
  content: Buffer | string
}

export interface VariantCacheOptions {
  dataDir: string
  /** What all variants may weigh together on the disk. */
  bytes: number
  /** What those in memory may weigh together. */
  memoryBytes: number
  /** How many one image may have; a few more for a moment. */
  variantsAnImage: number
  /** Told when so much was written that an eviction is due. */
  grown: () => void
  /** Told why a variant could not be written. */
  failed: (error: unknown) => void
}

/** Larger ones are read from the disk as they are asked for. */
const LARGEST_IN_MEMORY = 1024 * 1024
const KEPT_LARGE = 10_000
/** That a variant is asked for is noted so often at most. */
const TOUCH_MILLISECONDS = 10 * 60 * 1_000
/** What nobody asks for goes after so long, however much room there is. */
const UNUSED_MILLISECONDS = 30 * 24 * 60 * 60 * 1_000
/** An eviction is due when this share of the bound was written since the last. */
const GROWN_SHARE = 0.05

interface Known extends CachedVariant {
  file: VariantFile
  touchedAt: number
}

/**
 * Variants that were made, on disk and the small ones in memory as well. Each can be made again: what is lost, damaged or
 * evicted is missing, and no more than that.
 */
export class VariantCache {
  readonly #options: VariantCacheOptions
  readonly #files: VariantFiles
  readonly #writes: VariantWrites
  readonly #inMemory: LRUCache<string, Known>
  /** Large ones whose content was found to be whole. */
  readonly #checked = new LRUCache<string, Known>({ max: KEPT_LARGE })
  #grownBy = 0

  constructor(options: VariantCacheOptions) {
    this.#options = options
    this.#files = new VariantFiles(options)
    this.#writes = new VariantWrites({
      files: this.#files,
      variantsAnImage: options.variantsAnImage,
      written: (bytes) => this.#grow(bytes),
      failed: options.failed,
    })
    this.#inMemory = new LRUCache({
      maxSize: options.memoryBytes,
      sizeCalculation: ({ size }) => size + 1_000,
    })
  }

  /** A variant of an original by the SHA-256 of its bytes; `name` says what was made of it. */
  async find(original: string, name: string): Promise<CachedVariant | null> {
    const key = `${original} ${name}`
    const known = this.#inMemory.get(key) ?? this.#unwritten(key) ?? (await this.#largeOne(key))
    if (known !== null) {
      return this.#used(known)
    }
    const file = await this.#files.find(original, digestOf(name))
    const bytes = file === null ? null : await this.#files.read(file)
    return file === null || bytes === null ? null : this.#used(this.#know(key, file, bytes, 0))
  }

  /**
   * Takes a variant in. It is there at once and written later; one that cannot be written is there all the same, as long
   * as it is in memory.
   */
  async keep(
    original: string,
    name: string,
    { bytes, extension }: { bytes: Buffer; extension: VariantExtension }
  ): Promise<CachedVariant> {
    const key = `${original} ${name}`
    const hash = contentHash(bytes)
    const file = this.#files.fileOf(original, digestOf(name), { hash, extension })
    const known = this.#know(key, file, bytes, Date.now())
    await this.#writes.add({ key, original, file, bytes })
    return known
  }

  /** Resolves when all that was kept is on the disk. */
  settle(): Promise<void> {
    return this.#writes.settle()
  }

  /** Keeps the bound: what was not asked for longest goes first. */
  async evict(now = Date.now()): Promise<void> {
    const files = await this.#files.allUses()
    const bounds = { bytes: this.#options.bytes, unusedSince: now - UNUSED_MILLISECONDS }
    for (const { path } of filesToEvict(files, bounds)) {
      await this.#files.remove(path)
    }
    await this.#files.tidy()
  }

  #grow(bytes: number): void {
    this.#grownBy += bytes
    if (this.#grownBy > this.#options.bytes * GROWN_SHARE) {
      this.#grownBy = 0
      this.#options.grown()
    }
  }

  /** A large one that is still in memory, as it is on its way to the disk. */
  #unwritten(key: string): Known | null {
    const known = this.#checked.get(key)
    const content = this.#writes.waiting(key)
    return known === undefined || content === undefined ? null : { ...known, content }
  }

  async #largeOne(key: string): Promise<Known | null> {
    const known = this.#checked.get(key)
    const found = known && (await stat(known.file.path).catch(() => null))
    return known !== undefined && found?.size === known.size ? known : null
  }

  #know(key: string, file: VariantFile, bytes: Buffer, touchedAt: number): Known {
    const { hash, extension, path } = file
    const about = { hash, extension, size: bytes.length, file, touchedAt }
    const known = { ...about, content: bytes }
    if (bytes.length <= LARGEST_IN_MEMORY) {
      this.#inMemory.set(key, known)
    } else {
      this.#checked.set(key, { ...about, content: path })
    }
    return known
  }

  #used(known: Known): CachedVariant {
    const now = Date.now()
    if (now - known.touchedAt > TOUCH_MILLISECONDS) {
      known.touchedAt = now
      // Should it fail, the file is taken for one that was not asked for.
      this.#files.touch(known.file).catch(() => {})
    }
    return known
  }
}

function digestOf(name: string): string {
  return createHash('sha256').update(name).digest('hex').slice(0, 32)
}
