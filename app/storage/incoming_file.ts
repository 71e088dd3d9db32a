import { createHash } from 'node:crypto'
import { open, type FileHandle } from 'node:fs/promises'
import { digestsBeside } from '#imaging/digests_beside'
import type { Digests } from '#imaging/rewrite_plan'
import { asStorageError } from './errors.ts'
import type { MemoryAllowance } from './memory_allowance.ts'
import { removeTemporary } from './temporary_files.ts'

/** A file of so many bytes stays in memory until it is stored, where there is room. */
const HELD_BYTES = 8 * 1024 * 1024
/** The chunks of a socket are small: so much is gathered for each write. */
const WRITE_BYTES = 128 * 1024

export interface IncomingFileOptions {
  /** Answers a new path, should the file have to go to the disk. */
  temporaryPath: () => Promise<string>
  memory: MemoryAllowance
  /** How many bytes are to come, or somewhat more; what is too large to be held then goes to the disk from the start. */
  expectedBytes?: number
}

/**
 * A file as it comes in. Few bytes stay in memory, and are hashed when somebody asks; more go to a temporary file and are
 * hashed on the way. A store that takes the file in makes it durable.
 */
export class IncomingFile {
  readonly #options: IncomingFileOptions
  readonly #hashes = {
    sha256: createHash('sha256'),
    md5: createHash('md5'),
    sha1: createHash('sha1'),
  }
  #chunks: Buffer[] = []
  #gathered = 0
  #size = 0
  #held = 0
  #file: FileHandle | null = null
  #path: string | null = null
  #content: Buffer | null = null
  #digests: Digests | Promise<Digests> | null = null

  constructor(options: IncomingFileOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#size
  }

  /** The bytes themselves, or the path of the file that holds them. */
  get content(): Buffer | string {
    return this.#content ?? this.#path ?? Buffer.alloc(0)
  }

  async write(chunk: Buffer): Promise<void> {
    this.#chunks.push(chunk)
    this.#gathered += chunk.length
    this.#size += chunk.length
    const isDue = this.#file === null ? !this.#mayHold(chunk) : this.#gathered >= WRITE_BYTES
    if (isDue) {
      await this.#flush()
    }
  }

  /** To be called when all has been written. */
  async end(): Promise<void> {
    if (this.#file === null) {
      this.#content = Buffer.concat(this.#chunks, this.#size)
      this.#chunks = []
      return
    }
    await this.#flush()
    const { sha256, md5, sha1 } = this.#hashes
    this.#digests = {
      sha256: sha256.digest('hex'),
      md5: md5.digest('hex'),
      sha1: sha1.digest('hex'),
    }
    await this.#close()
  }

  async digests(): Promise<Digests> {
    this.#digests ??= digestsBeside(this.#content ?? Buffer.alloc(0))
    return this.#digests
  }

  /**
   * The path of a file that holds the bytes, for what does not take them from memory.
   *
   * @throws StorageError E_STORAGE_UNAVAILABLE when it cannot be written
   */
  async path(): Promise<string> {
    if (this.#path === null && this.#content !== null) {
      try {
        const file = await this.#open()
        await writeAll(file, [this.#content])
        await this.#close()
      } catch (error) {
        throw asStorageError(error)
      }
    }
    return this.#path ?? ''
  }

  /** Gives back what it takes: memory, and a temporary file. */
  async discard(): Promise<void> {
    this.#giveBack()
    await this.#close().catch(() => {})
    if (this.#path !== null) {
      await removeTemporary(this.#path)
    }
  }

  #mayHold(chunk: Buffer): boolean {
    const { expectedBytes = 0, memory } = this.#options
    if (Math.max(expectedBytes, this.#size) > HELD_BYTES || !memory.take(chunk.length)) {
      return false
    }
    this.#held += chunk.length
    return true
  }

  #giveBack(): void {
    this.#options.memory.give(this.#held)
    this.#held = 0
  }

  async #flush(): Promise<void> {
    const file = this.#file ?? (await this.#open())
    const chunks = this.#chunks
    this.#chunks = []
    this.#gathered = 0
    // The disk works on these bytes while the processor hashes them.
    const writing = writeAll(file, chunks)
    writing.catch(() => {})
    for (const chunk of chunks) {
      this.#hashes.sha256.update(chunk)
      this.#hashes.md5.update(chunk)
      this.#hashes.sha1.update(chunk)
    }
    await writing
    this.#giveBack()
  }

  async #open(): Promise<FileHandle> {
    const path = await this.#options.temporaryPath()
    this.#file = await open(path, 'wx', 0o640)
    this.#path = path
    return this.#file
  }

  async #close(): Promise<void> {
    const file = this.#file
    this.#file = null
    await file?.close()
  }
}

/** Appends the chunks. A write that takes only a part of them is followed by another. */
async function writeAll(file: FileHandle, chunks: Buffer[]): Promise<void> {
  for (let rest = chunks; rest.length > 0;) {
    const { bytesWritten } = await file.writev(rest)
    rest = withoutBytes(rest, bytesWritten)
  }
}

function withoutBytes(chunks: Buffer[], bytes: number): Buffer[] {
  let left = bytes
  return chunks.flatMap((chunk) => {
    const gone = Math.min(left, chunk.length)
    left -= gone
    return gone === chunk.length ? [] : [chunk.subarray(gone)]
  })
}
