import { stat as statFile } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { buffer } from 'node:stream/consumers'
import type { Readable } from 'node:stream'
import { contentTypeOf } from './content_types.ts'
import { asStorageError, PassingStorageError, StorageError } from './errors.ts'
import { discard } from './exchange.ts'
import { digestSlice } from './file_digest.ts'
import { checkObjectKey } from './object_key.ts'
import type { ByteRange, ObjectStore, StoredObject, TemporaryFile } from './object_store.ts'
import { rangedBody } from './ranged_body.ts'
import { RemoteHealth } from './remote_health.ts'
import { withRetries } from './retries.ts'
import { objectOf, S3Client } from './s3_client.ts'
import type { S3Endpoint } from './s3_endpoint.ts'
import { MULTIPART_BYTES, putInParts } from './s3_multipart.ts'
import type { TemporaryFiles } from './temporary_files.ts'
import { stagedUntilNamed, type StagedObject } from './staged_object.ts'

/** Objects in a bucket of anything that speaks S3. Files are spooled on this machine and sent when they are finished. */
export class S3ObjectStore implements ObjectStore {
  readonly kind = 's3'
  readonly #client: S3Client
  readonly #spool: TemporaryFiles
  readonly #health: RemoteHealth

  constructor(options: { endpoint: () => Promise<S3Endpoint>; spool: TemporaryFiles }) {
    this.#client = new S3Client(options.endpoint)
    this.#spool = options.spool
    this.#health = new RemoteHealth((limits) => this.#probe(limits))
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
    if (size > MULTIPART_BYTES) {
      await putInParts(this.#client, { path: temporaryPath, size }, key, contentTypeOf(key))
      return
    }
    const slice = { path: temporaryPath, start: 0, length: size }
    await this.#client.do({
      method: 'PUT',
      key,
      headers: { 'Content-Type': contentTypeOf(key) },
      body: { slice, digest: await digestSlice(slice) },
    })
  }

  async put(key: string, bytes: Buffer): Promise<void> {
    await this.#client.do({
      method: 'PUT',
      key: checkObjectKey(key),
      headers: { 'Content-Type': contentTypeOf(key) },
      body: bytes,
    })
  }

  async stat(key: string): Promise<StoredObject | null> {
    const response = await this.#client.send({ method: 'HEAD', key: checkObjectKey(key) })
    if (response === null) {
      return null
    }
    discard(response)
    return {
      key,
      size: Number(response.headers['content-length']),
      lastModified: new Date(response.headers['last-modified'] ?? 0),
    }
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
    await this.#client.do({ method: 'DELETE', key: checkObjectKey(key) })
  }

  async *list(prefix = ''): AsyncIterable<StoredObject> {
    let next: string | null = null
    do {
      const answer: Record<string, unknown> | null = await this.#client.sendForXml({
        method: 'GET',
        query: {
          'list-type': '2',
          'max-keys': '1000',
          prefix,
          ...(next === null ? {} : { 'continuation-token': next }),
        },
      })
      const page = objectOf(answer?.['ListBucketResult'])
      yield* objectsOf(page['Contents'])
      const token: unknown = page['NextContinuationToken']
      next = page['IsTruncated'] === 'true' && typeof token === 'string' ? token : null
    } while (next !== null)
  }

  health(): Promise<{ ok: boolean; detail: string | null }> {
    return this.#health.report()
  }

  listTemporary(): AsyncIterable<TemporaryFile> {
    return this.#spool.list()
  }

  sweepTemporary(olderThanMs: number): Promise<number> {
    return this.#spool.sweep(olderThanMs)
  }

  async #get(key: string, range?: ByteRange): Promise<IncomingMessage> {
    const response = await this.#client.send({
      method: 'GET',
      key: checkObjectKey(key),
      ...(range === undefined ? {} : { headers: { Range: `bytes=${range.start}-${range.end}` } }),
    })
    if (response === null) {
      throw new StorageError('E_OBJECT_MISSING', `There is no object "${key}"`)
    }
    return response
  }

  /** What uploads, links and the sweep need: that an object can be written, read and taken away. */
  async #probe({ key, patience }: { key: string; patience: number }): Promise<void> {
    const once = { attempts: 1, patience }
    await this.#spool.probe()
    await this.#client.do({ method: 'PUT', key, body: Buffer.from('PicFast'), ...once })
    const response = await this.#client.send({ method: 'HEAD', key, ...once })
    response?.resume()
    await this.#client.do({ method: 'DELETE', key, ...once })
    if (response === null) {
      throw new StorageError('E_STORAGE_UNAVAILABLE', 'What was written cannot be read')
    }
  }
}

/** One object is not a list of one, where XML is told as data. */
function* objectsOf(contents: unknown): Iterable<StoredObject> {
  for (const entry of Array.isArray(contents) ? contents : [contents]) {
    const { Key: key, Size: size, LastModified: lastModified } = objectOf(entry)
    if (typeof key === 'string') {
      yield { key, size: Number(size), lastModified: new Date(String(lastModified)) }
    }
  }
}
