import { randomBytes } from 'node:crypto'
import { stat as statFile } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { buffer } from 'node:stream/consumers'
import type { Readable } from 'node:stream'
import { contentTypeOf } from './content_types.ts'
import { asStorageError, PassingStorageError, StorageError } from './errors.ts'
import { discard, type FileSlice } from './exchange.ts'
import { checkObjectKey } from './object_key.ts'
import type { ByteRange, ObjectStore, StoredObject, TemporaryFile } from './object_store.ts'
import { rangedBody } from './ranged_body.ts'
import { RemoteHealth } from './remote_health.ts'
import { withRetries } from './retries.ts'
import type { TemporaryFiles } from './temporary_files.ts'
import {
  WebdavClient,
  type WebdavEndpoint,
  type WebdavEntry,
  type WebdavRequest,
} from './webdav_client.ts'
import { stagedUntilNamed, type StagedObject } from './staged_object.ts'

/** Where unfinished objects lie on the server. */
const TEMPORARY_FOLDER = 'picfast-temporary'

/** What servers answer when the folder that something is to go to is not there. */
const WITHOUT_FOLDER = [404, 409]

/**
 * Objects as files on a WebDAV server. What is sent is put beside the objects first, and moved to its key when it is
 * there whole.
 */
export class WebdavObjectStore implements ObjectStore {
  readonly kind = 'webdav'
  readonly #client: WebdavClient
  readonly #spool: TemporaryFiles
  readonly #health: RemoteHealth
  /** Folders that are known to be there. */
  readonly #folders = new Set<string>()

  constructor(options: { endpoint: () => Promise<WebdavEndpoint>; spool: TemporaryFiles }) {
    this.#client = new WebdavClient(options.endpoint)
    this.#spool = options.spool
    this.#health = new RemoteHealth(({ key, patience }) => this.#probe(key, patience))
  }

  temporaryPath(): Promise<string> {
    return this.#spool.newPath()
  }

  stage(content: Buffer | string): StagedObject {
    return stagedUntilNamed(this, content)
  }

  async commitFile(temporaryPath: string, key: string): Promise<void> {
    checkObjectKey(key)
    const { size } = await statFile(temporaryPath).catch((error) => {
      throw asStorageError(error)
    })
    await this.#place(key, { path: temporaryPath, start: 0, length: size })
  }

  async put(key: string, bytes: Buffer): Promise<void> {
    await this.#place(checkObjectKey(key), bytes)
  }

  async stat(key: string): Promise<StoredObject | null> {
    const found = await this.#client.find(checkObjectKey(key))
    return found === null || found.isFolder
      ? null
      : { key, size: found.size, lastModified: found.lastModified }
  }

  async read(key: string, range?: ByteRange): Promise<Readable> {
    return rangedBody(await this.#get(key, range), range)
  }

  async readAll(key: string): Promise<Buffer> {
    return withRetries(async () => {
      const response = await this.#get(key)
      try {
        return await buffer(response)
      } catch (error) {
        throw new PassingStorageError('The object broke off while it was read', { cause: error })
      }
    })
  }

  localPath(): null {
    return null
  }

  async delete(key: string): Promise<void> {
    await this.#client.do({ method: 'DELETE', path: checkObjectKey(key), answers: [404] })
  }

  async *list(prefix = ''): AsyncIterable<StoredObject> {
    const folders = [prefix.slice(0, Math.max(0, prefix.lastIndexOf('/')))]
    for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
      for (const { path, isFolder, size, lastModified } of (await this.#client.list(folder)) ??
        []) {
        if (isFolder && path !== TEMPORARY_FOLDER) {
          folders.push(path)
        } else if (!isFolder && path.startsWith(prefix)) {
          yield { key: path, size, lastModified }
        }
      }
    }
  }

  health(): Promise<{ ok: boolean; detail: string | null }> {
    return this.#health.report()
  }

  async *listTemporary(): AsyncIterable<TemporaryFile> {
    yield* this.#spool.list()
    for (const { path, lastModified } of await this.#temporaryOnServer()) {
      yield { place: await this.#client.addressOf(path), lastModified }
    }
  }

  async sweepTemporary(olderThanMs: number): Promise<number> {
    const before = Date.now() - olderThanMs
    let removed = await this.#spool.sweep(olderThanMs)
    for (const { path, lastModified } of await this.#temporaryOnServer()) {
      if (lastModified.getTime() < before) {
        await this.#client.do({ method: 'DELETE', path, answers: [404] })
        removed += 1
      }
    }
    return removed
  }

  async #temporaryOnServer(): Promise<WebdavEntry[]> {
    const entries = (await this.#client.list(TEMPORARY_FOLDER)) ?? []
    return entries.filter(({ isFolder }) => !isFolder)
  }

  async #place(key: string, body: Buffer | FileSlice): Promise<void> {
    const temporary = `${TEMPORARY_FOLDER}/${randomBytes(16).toString('hex')}`
    try {
      await this.#withFolder(temporary, {
        method: 'PUT',
        path: temporary,
        headers: { 'Content-Type': contentTypeOf(key) },
        body,
      })
      await this.#checkSize(temporary, body.length)
      await this.#withFolder(key, {
        method: 'MOVE',
        path: temporary,
        headers: { Destination: await this.#client.addressOf(key), Overwrite: 'T' },
      })
    } catch (error) {
      this.#folders.clear()
      await this.#client
        .do({ method: 'DELETE', path: temporary, answers: [404], attempts: 1 })
        .catch(() => {})
      throw error
    }
  }

  /** Sends a request that makes `target`, in folders that are there by then. */
  async #withFolder(target: string, { attempts, ...request }: WebdavRequest): Promise<void> {
    await withRetries(
      async () => {
        await this.#makeFolders(target, 1)
        const status = await this.#client.do({ ...request, attempts: 1, answers: WITHOUT_FOLDER })
        if (WITHOUT_FOLDER.includes(status)) {
          // They were removed behind our back, or somebody else replaces the target at this moment.
          this.#folders.clear()
          throw new PassingStorageError(`The server has no place for it now (HTTP ${status})`)
        }
      },
      { attempts }
    )
  }

  /** A file that came to be shorter on the way is not taken for stored. */
  async #checkSize(path: string, size: number): Promise<void> {
    const found = await this.#client.find(path)
    if (found?.size !== size) {
      throw new StorageError('E_STORAGE_UNAVAILABLE', 'The server has stored a part only')
    }
  }

  /** Others may make the same folders at the same time. */
  async #makeFolders(path: string, attempts?: number): Promise<void> {
    const names = path.split('/').slice(0, -1)
    for (let depth = 1; depth <= names.length; depth++) {
      const folder = names.slice(0, depth).join('/')
      if (!this.#folders.has(folder)) {
        await this.#client.do({ method: 'MKCOL', path: folder, answers: [405], attempts })
        this.#folders.add(folder)
      }
    }
  }

  async #get(key: string, range?: ByteRange): Promise<IncomingMessage> {
    const response = await this.#client.send({
      method: 'GET',
      path: checkObjectKey(key),
      headers: range === undefined ? {} : { Range: `bytes=${range.start}-${range.end}` },
      answers: [404],
    })
    if (response.statusCode === 404) {
      discard(response)
      throw new StorageError('E_OBJECT_MISSING', `There is no object "${key}"`)
    }
    return response
  }

  /** What uploads and the sweep need: that a file can be written, moved, read and taken away. */
  async #probe(key: string, patience: number): Promise<void> {
    const path = `${TEMPORARY_FOLDER}/${key}`
    const limits = { attempts: 1, patience }
    await this.#spool.probe()
    await this.#withFolder(path, {
      method: 'PUT',
      path,
      body: Buffer.from('PicFast'),
      ...limits,
    })
    await this.#client.do({ method: 'HEAD', path, ...limits })
    await this.#client.do({ method: 'DELETE', path, ...limits })
  }
}
