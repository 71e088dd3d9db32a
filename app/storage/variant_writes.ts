import type { VariantFile, VariantFiles } from './variant_files.ts'

interface Write {
  key: string
  /** The SHA-256 of the original's bytes. */
  original: string
  file: VariantFile
  bytes: Buffer
}

export interface VariantWritesOptions {
  files: Pick<VariantFiles, 'write' | 'usesOf' | 'remove'>
  variantsAnImage: number
  /** Told of each variant that was written. */
  written: (bytes: number) => void
  /** Told why one could not be. */
  failed: (error: unknown) => void
}

/** What may wait in memory to be written. */
const MOST_BYTES_BEHIND = 32 * 1024 * 1024
/** Images are looked at for having too many variants after so many were written, or when nothing more comes for a while. */
const WRITES_A_LOOK = 16
const LOOK_MILLISECONDS = 1_000

/**
 * Writes variants behind the answers that they were made for, one after the other: who waits for a picture does not wait
 * for the disk. What is lost with the process can be made again.
 */
export class VariantWrites {
  readonly #options: VariantWritesOptions
  readonly #waiting = new Map<string, Write>()
  #bytes = 0
  #running: Promise<void> | null = null
  /** Originals that have got variants since they were last looked at. */
  readonly #grown = new Set<string>()
  #writes = 0
  #lookSoon: NodeJS.Timeout | null = null

  constructor(options: VariantWritesOptions) {
    this.#options = options
  }

  /** The bytes of a variant that is not on the disk yet. */
  waiting(key: string): Buffer | undefined {
    return this.#waiting.get(key)?.bytes
  }

  /** Takes a variant in; resolves at once, or when there is room again. */
  async add(write: Write): Promise<void> {
    this.#drop(this.#waiting.get(write.key))
    this.#waiting.set(write.key, write)
    this.#bytes += write.bytes.length
    this.#running ??= this.#run()
    while (this.#bytes > MOST_BYTES_BEHIND) {
      await this.#running
    }
  }

  /** Resolves when all is written, and no image has too many variants. */
  async settle(): Promise<void> {
    while (this.#running !== null) {
      await this.#running
    }
    await this.#look()
  }

  async #run(): Promise<void> {
    const [write] = this.#waiting.values()
    if (write !== undefined) {
      await this.#write(write)
      this.#drop(write)
    }
    this.#running = this.#waiting.size === 0 ? null : this.#run()
  }

  async #write({ original, file, bytes }: Write): Promise<void> {
    const { files, written, failed } = this.#options
    try {
      await files.write(file, bytes)
      written(bytes.length)
      this.#grown.add(original)
      this.#writes += 1
      if (this.#writes >= WRITES_A_LOOK) {
        await this.#look()
      }
      this.#lookSoon ??= setTimeout(() => void this.#look(), LOOK_MILLISECONDS).unref()
    } catch (error) {
      failed(error)
    }
  }

  #drop(write: Write | undefined): void {
    if (write !== undefined && this.#waiting.get(write.key) === write) {
      this.#waiting.delete(write.key)
      this.#bytes -= write.bytes.length
    }
  }

  /** An image that has more variants than it may loses those that were not asked for longest. */
  async #look(): Promise<void> {
    if (this.#lookSoon !== null) {
      clearTimeout(this.#lookSoon)
      this.#lookSoon = null
    }
    const { files, variantsAnImage, failed } = this.#options
    const grown = [...this.#grown]
    this.#grown.clear()
    this.#writes = 0
    try {
      for (const original of grown) {
        const uses = await files.usesOf(original)
        const oldest = uses.toSorted((one, other) => one.usedAt - other.usedAt)
        for (const { path } of oldest.slice(0, Math.max(0, uses.length - variantsAnImage))) {
          await files.remove(path)
        }
      }
    } catch (error) {
      failed(error)
    }
  }
}
