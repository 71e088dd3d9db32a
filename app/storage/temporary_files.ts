import { randomBytes } from 'node:crypto'
import { open, readdir, rm, stat, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { asStorageError, isMissingFile } from './errors.ts'
import { makeFolder } from './folders.ts'
import type { TemporaryFile } from './object_store.ts'

/**
 * Takes away a file that has served its purpose. Where that cannot be, on a disk that has become read-only say, it is
 * left to the sweep: what was done with it is done.
 */
export async function removeTemporary(path: string): Promise<void> {
  await rm(path, { force: true }).catch(() => {})
}

/** A folder for files that are not finished yet. */
export class TemporaryFiles {
  readonly #folder: string

  constructor(folder: string) {
    this.#folder = folder
  }

  /** A new path in the folder, which is made when it is not there (any more). */
  async newPath(): Promise<string> {
    await makeFolder(this.#folder)
    return join(this.#folder, randomBytes(16).toString('hex'))
  }

  /** A new file that is open for writing; the folder is looked after only when it is not there. */
  async create(): Promise<{ path: string; file: FileHandle }> {
    const path = join(this.#folder, randomBytes(16).toString('hex'))
    const openNew = () => open(path, 'wx', 0o640)
    try {
      return { path, file: await openNew() }
    } catch (error) {
      if (!isMissingFile(error)) {
        throw error
      }
      await makeFolder(this.#folder)
      return { path, file: await openNew() }
    }
  }

  /** Writes a file and takes it away again: fails when the folder cannot be used. */
  async probe(): Promise<void> {
    const path = await this.newPath()
    try {
      const file = await open(path, 'wx', 0o640)
      try {
        await file.write('PicFast')
      } finally {
        await file.close()
        await rm(path, { force: true })
      }
    } catch (error) {
      throw asStorageError(error)
    }
  }

  /** The files that are there. */
  async *list(): AsyncIterable<TemporaryFile> {
    for (const name of await this.#names()) {
      const place = join(this.#folder, name)
      const found = await stat(place).catch(() => null)
      if (found !== null) {
        yield { place, lastModified: found.mtime }
      }
    }
  }

  /** Removes files that nobody has touched for so long; answers how many. */
  async sweep(olderThanMs: number): Promise<number> {
    const before = Date.now() - olderThanMs
    let removed = 0
    for await (const { place, lastModified } of this.list()) {
      if (lastModified.getTime() < before) {
        await rm(place, { force: true }).catch((error: unknown) => {
          throw asStorageError(error)
        })
        removed += 1
      }
    }
    return removed
  }

  async #names(): Promise<string[]> {
    try {
      return await readdir(this.#folder)
    } catch (error) {
      if (isMissingFile(error)) {
        return []
      }
      throw asStorageError(error)
    }
  }
}
