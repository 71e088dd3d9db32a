import { randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import {
  copyFile,
  link,
  open,
  opendir,
  readFile,
  rename,
  rm,
  stat,
  type FileHandle,
} from 'node:fs/promises'
import { dirname, join, relative, resolve, sep } from 'node:path'
import type { Readable } from 'node:stream'
import { asStorageError, isMissingFile, StorageError } from './errors.ts'
import { FolderFlush } from './folder_flush.ts'
import { makeFolder } from './folders.ts'
import { checkObjectKey, isObjectKey } from './object_key.ts'
import type { ByteRange, ObjectStore, StoredObject, TemporaryFile } from './object_store.ts'
import type { StagedObject } from './staged_object.ts'
import { removeTemporary, TemporaryFiles } from './temporary_files.ts'

const TEMPORARY_FOLDER = '.temporary'
/** A slow client holds two of them for as long as it takes. */
const READ_CHUNK_BYTES = 64 * 1024

/** A file that is on disk with all its bytes. */
interface StagedFile {
  placeAt(target: string): Promise<void>
  discard(): Promise<void>
}

/** Objects as files below a folder. */
export class LocalObjectStore implements ObjectStore {
  readonly kind = 'local'
  readonly #root: string
  /** Folders known to be on disk, so that an upload does not make them durable again. */
  readonly #durableFolders = new Set<string>()
  readonly #temporary: TemporaryFiles
  readonly #folders = new FolderFlush()

  constructor(options: { root: string }) {
    this.#root = resolve(options.root)
    this.#temporary = new TemporaryFiles(join(this.#root, TEMPORARY_FOLDER))
  }

  temporaryPath(): Promise<string> {
    return this.#temporary.newPath()
  }

  commitFile(temporaryPath: string, key: string): Promise<void> {
    return this.stage(temporaryPath).commit(key)
  }

  put(key: string, bytes: Buffer): Promise<void> {
    return this.stage(bytes).commit(key)
  }

  stage(content: Buffer | string): StagedObject {
    const begin = () => {
      const begun = typeof content === 'string' ? stageFile(content) : this.#stageBytes(content)
      // Whoever commits is told.
      begun.catch(() => {})
      return begun
    }
    let staging: Promise<StagedFile> | null = begin()
    const take = () => {
      const taken = staging
      staging = null
      return taken
    }
    return {
      commit: async (key) => {
        const target = this.#pathOf(key)
        const file = take() ?? begin()
        try {
          await this.#guarded(async () => {
            const [{ placeAt }] = await Promise.all([
              file,
              this.#makeDurableFolder(dirname(target)),
            ])
            await this.#place(target, () => placeAt(target))
          })
        } catch (error) {
          await discard(file)
          throw error
        }
      },
      discard: () => discard(take()),
    }
  }

  async stat(key: string): Promise<StoredObject | null> {
    const path = this.#pathOf(key)
    try {
      const { size, mtime } = await this.#guarded(() => stat(path))
      return { key, size, lastModified: mtime }
    } catch (error) {
      if (isMissingFile(error)) {
        return null
      }
      throw error
    }
  }

  async read(key: string, range?: ByteRange): Promise<Readable> {
    const path = this.#pathOf(key)
    const file = await this.#present(key, () => open(path, 'r'))
    return createReadStream(path, { fd: file, highWaterMark: READ_CHUNK_BYTES, ...range })
  }

  async readAll(key: string): Promise<Buffer> {
    const path = this.#pathOf(key)
    return this.#present(key, () => readFile(path))
  }

  localPath(key: string): string {
    return this.#pathOf(key)
  }

  async delete(key: string): Promise<void> {
    const path = this.#pathOf(key)
    await this.#guarded(() => rm(path, { force: true }))
  }

  async *list(prefix = ''): AsyncIterable<StoredObject> {
    let folder
    try {
      folder = await this.#guarded(() => opendir(this.#root, { recursive: true }))
    } catch (error) {
      if (isMissingFile(error)) {
        return
      }
      throw error
    }
    for await (const entry of folder) {
      const path = join(entry.parentPath, entry.name)
      const key = relative(this.#root, path).split(sep).join('/')
      // What others have left there under a name that no object has, like a hidden file, is none.
      if (entry.isFile() && isObjectKey(key) && key.startsWith(prefix)) {
        const object = await this.stat(key)
        if (object !== null) {
          yield object
        }
      }
    }
  }

  async health(): Promise<{ ok: boolean; detail: string | null }> {
    try {
      await this.#temporary.probe()
      return { ok: true, detail: null }
    } catch (error) {
      return { ok: false, detail: error instanceof Error ? error.message : String(error) }
    }
  }

  listTemporary(): AsyncIterable<TemporaryFile> {
    return this.#temporary.list()
  }

  sweepTemporary(olderThanMs: number): Promise<number> {
    return this.#temporary.sweep(olderThanMs)
  }

  #pathOf(key: string): string {
    return join(this.#root, ...checkObjectKey(key).split('/'))
  }

  async #stageBytes(bytes: Buffer): Promise<StagedFile> {
    const { path, file } = await this.#temporary.create()
    const staged = {
      placeAt: (target: string) => rename(path, target),
      discard: () => removeTemporary(path),
    }
    try {
      await writeDurably(file, bytes)
      return staged
    } catch (error) {
      await staged.discard()
      throw error
    }
  }

  /** Puts a file that is on disk at its target, durably. */
  async #place(target: string, place: () => Promise<void>): Promise<void> {
    const folder = dirname(target)
    try {
      await place()
    } catch (error) {
      if (!isMissingFile(error)) {
        throw error
      }
      // The folder was removed behind our back, or the file was.
      this.#durableFolders.clear()
      await this.#makeDurableFolder(folder)
      await place()
    }
    await this.#folders.flush(folder)
  }

  /**
   * Makes a folder and those above it, and flushes each new name to the folder that holds it. A folder that is there
   * already is new to this process: another may have made it just now.
   */
  async #makeDurableFolder(folder: string): Promise<void> {
    if (this.#durableFolders.has(folder)) {
      return
    }
    const first = await makeFolder(folder)
    const shortest = Math.min(this.#root.length + 1, first?.length ?? Number.POSITIVE_INFINITY)
    const made: string[] = []
    for (let at = folder; at.length >= shortest; at = dirname(at)) {
      if (!this.#durableFolders.has(at)) {
        made.push(at)
      }
    }
    await Promise.all(made.map((path) => this.#folders.flush(dirname(path))))
    made.forEach((path) => this.#durableFolders.add(path))
  }

  async #guarded<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await work()
    } catch (error) {
      throw asStorageError(error)
    }
  }

  async #present<Result>(key: string, work: () => Promise<Result>): Promise<Result> {
    try {
      return await this.#guarded(work)
    } catch (error) {
      if (isMissingFile(error)) {
        throw new StorageError('E_OBJECT_MISSING', `There is no object "${key}"`, { cause: error })
      }
      throw error
    }
  }
}

async function discard(staging: Promise<StagedFile> | null): Promise<void> {
  await (await staging?.catch(() => null))?.discard()
}

async function stageFile(path: string): Promise<StagedFile> {
  await syncFile(path)
  return { placeAt: (target) => placeFile(path, target), discard: async () => {} }
}

/** A rename is on disk when its folder is. */
async function syncFile(path: string): Promise<void> {
  const handle = await open(path, 'r+')
  try {
    await handle.datasync()
  } finally {
    await handle.close()
  }
}

async function writeDurably(file: FileHandle, bytes: Buffer): Promise<void> {
  try {
    await file.writeFile(bytes)
    await file.datasync()
  } finally {
    await file.close()
  }
}

const WITHOUT_LINKS = new Set(['EXDEV', 'EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'EMLINK', 'ENOSYS'])

/**
 * Puts a file at its target in one step; the temporary one stays. On another volume, or where links cannot be made, it
 * is copied.
 */
async function placeFile(temporaryPath: string, target: string): Promise<void> {
  const second = `${temporaryPath}.${randomBytes(8).toString('hex')}`
  try {
    await link(temporaryPath, second)
    await rename(second, target)
  } catch (error) {
    if (!isErrorOf(error, WITHOUT_LINKS)) {
      throw error
    }
    const beside = `${target}.${randomBytes(8).toString('hex')}`
    try {
      await copyDurably(temporaryPath, beside)
      await rename(beside, target)
    } finally {
      await removeTemporary(beside)
    }
  } finally {
    // Renaming one name of a file to another of its names leaves both.
    await removeTemporary(second)
  }
}

async function copyDurably(source: string, target: string): Promise<void> {
  await copyFile(source, target)
  await syncFile(target)
}

function isErrorOf(error: unknown, codes: ReadonlySet<string>): boolean {
  return error instanceof Error && 'code' in error && codes.has(String(error.code))
}
