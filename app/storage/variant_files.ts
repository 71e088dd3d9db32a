import { createHash, randomBytes } from 'node:crypto'
import {
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  rmdir,
  stat,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { isMissingFile } from './errors.ts'
import type { CachedFile } from './variant_eviction.ts'

export const VARIANT_EXTENSIONS = ['jpg', 'png', 'webp', 'gif', 'avif'] as const
export type VariantExtension = (typeof VARIANT_EXTENSIONS)[number]

/** A variant's file; its name tells what it was made with, and the hash of what must be in it. */
export interface VariantFile {
  path: string
  /** Of the content. */
  hash: string
  extension: VariantExtension
}

const TEMPORARY = '.temporary'
const STALE_TEMPORARY_MILLISECONDS = 60 * 60 * 1_000
const NAME = /^(?<digest>[0-9a-f]{32})-(?<hash>[0-9a-f]{32})\.(?<extension>[a-z]{3,4})$/

/**
 * Variants as files, a folder for each original, by the SHA-256 of its bytes. Several processes may use one folder: a file
 * comes into place whole, under a name that its content can be checked against.
 */
export class VariantFiles {
  readonly #root: string

  constructor({ dataDir }: { dataDir: string }) {
    this.#root = join(dataDir, 'cache', 'variants')
  }

  /** The file of a variant, or `null`. */
  async find(original: string, digest: string): Promise<VariantFile | null> {
    for (const name of await namesIn(this.#folderOf(original))) {
      const parts = NAME.exec(name)?.groups
      const extension = VARIANT_EXTENSIONS.find((one) => one === parts?.['extension'])
      if (parts?.['digest'] === digest && parts['hash'] !== undefined && extension !== undefined) {
        return this.fileOf(original, digest, { hash: parts['hash'], extension })
      }
    }
    return null
  }

  /** The content, or `null` when it is gone or not what it was; then the file is removed. */
  async read({ path, hash }: VariantFile): Promise<Buffer | null> {
    const bytes = await readFile(path).catch(missingAsNull)
    if (bytes !== null && contentHash(bytes) !== hash) {
      await rm(path, { force: true })
      return null
    }
    return bytes
  }

  /** Where a variant with this content lies. */
  fileOf(
    original: string,
    digest: string,
    { hash, extension }: Pick<VariantFile, 'hash' | 'extension'>
  ): VariantFile {
    const path = join(this.#folderOf(original), `${digest}-${hash}.${extension}`)
    return { path, hash, extension }
  }

  /** Writes a variant. It is not flushed: after a power failure its content tells whether it is whole. */
  async write({ path }: VariantFile, bytes: Buffer): Promise<void> {
    const temporary = join(this.#root, TEMPORARY, randomBytes(16).toString('hex'))
    try {
      await mkdir(dirname(temporary), { recursive: true, mode: 0o750 })
      await writeFile(temporary, bytes, { mode: 0o640 })
      await mkdir(dirname(path), { recursive: true, mode: 0o750 })
      await rename(temporary, path)
    } finally {
      await rm(temporary, { force: true })
    }
  }

  /** Takes note that a file was asked for, in its time of change, which other processes and later ones see. */
  async touch({ path }: VariantFile): Promise<void> {
    const now = new Date()
    await utimes(path, now, now).catch(missingAsNull)
  }

  /** Removes all variants of an original. */
  async removeAll(original: string): Promise<void> {
    await rm(this.#folderOf(original), { recursive: true, force: true })
  }

  async remove(path: string): Promise<void> {
    await rm(path, { force: true })
  }

  /** The files of an original, with what eviction goes by. */
  usesOf(original: string): Promise<CachedFile[]> {
    return filesIn(this.#folderOf(original))
  }

  /** The same of all originals. */
  async allUses(): Promise<CachedFile[]> {
    const uses: CachedFile[] = []
    for await (const folder of this.#folders()) {
      uses.push(...(await filesIn(folder)))
    }
    return uses
  }

  /** Removes folders that are empty, and what a process that died has left half written. */
  async tidy(): Promise<void> {
    for await (const folder of this.#folders()) {
      await rmdir(folder).catch(() => {})
    }
    const staleBefore = Date.now() - STALE_TEMPORARY_MILLISECONDS
    for (const { path, usedAt } of await filesIn(join(this.#root, TEMPORARY))) {
      if (usedAt < staleBefore) {
        await rm(path, { force: true })
      }
    }
  }

  async *#folders(): AsyncIterable<string> {
    for (const shard of await namesIn(this.#root)) {
      for (const original of shard === TEMPORARY ? [] : await namesIn(join(this.#root, shard))) {
        yield join(this.#root, shard, original)
      }
    }
  }

  #folderOf(original: string): string {
    return join(this.#root, original.slice(0, 2), original)
  }
}

/** What a file's name says of its content. */
export function contentHash(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex').slice(0, 32)
}

async function filesIn(folder: string): Promise<CachedFile[]> {
  const paths = (await namesIn(folder)).map((name) => join(folder, name))
  const found = await Promise.all(
    paths.map(async (path) => ({ path, file: await stat(path).catch(missingAsNull) }))
  )
  return found.flatMap(({ path, file }) =>
    file?.isFile() ? [{ path, size: file.size, usedAt: file.mtimeMs }] : []
  )
}

async function namesIn(folder: string): Promise<string[]> {
  return (await readdir(folder).catch(missingAsNull)) ?? []
}

function missingAsNull(error: unknown): null {
  if (isMissingFile(error)) {
    return null
  }
  throw error
}
