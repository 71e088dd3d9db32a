import type { Readable } from 'node:stream'
import type { StagedObject } from './staged_object.ts'

export interface StoredObject {
  key: string
  /** Bytes. */
  size: number
  lastModified: Date
}

/** A file that is not finished yet. */
export interface TemporaryFile {
  /** Where it lies: its own, also among the stores that share a folder. */
  place: string
  lastModified: Date
}

/** A stretch of an object's bytes, both ends included. */
export interface ByteRange {
  start: number
  end: number
}

/**
 * A place for the bytes of images. Every method rejects with `StorageError` E_STORAGE_UNAVAILABLE when the place cannot
 * be used, E_STORAGE_REFUSED when it does not take our credentials, and E_INVALID_OBJECT_KEY for a key that is not a
 * relative path of plain names.
 */
export interface ObjectStore {
  readonly kind: 'local' | 's3' | 'webdav'
  /** A new path for a temporary file on this machine, from where putting it into place costs the least. */
  temporaryPath(): Promise<string>
  /**
   * Stores a finished temporary file under a key; the temporary one stays for its maker to remove.
   * Durable when it resolves, and nothing of it is to be seen before. The same key and bytes again change nothing.
   */
  commitFile(temporaryPath: string, key: string): Promise<void>
  /**
   * Begins to store bytes, or a finished temporary file that stays for its maker to remove, so that what takes time is
   * done while their key is looked for. What fails is told by `commit`.
   */
  stage(content: Buffer | string): StagedObject
  /** Stores bytes under a key. Durable when it resolves. */
  put(key: string, bytes: Buffer): Promise<void>
  stat(key: string): Promise<StoredObject | null>
  /** @throws StorageError E_OBJECT_MISSING */
  read(key: string, range?: ByteRange): Promise<Readable>
  /** @throws StorageError E_OBJECT_MISSING */
  readAll(key: string): Promise<Buffer>
  /** Where the object lies on this machine, for programs that take paths; `null` when it does not. */
  localPath(key: string): string | null
  /** Does nothing for an object that is not there. */
  delete(key: string): Promise<void>
  list(prefix?: string): AsyncIterable<StoredObject>
  health(): Promise<{ ok: boolean; detail: string | null }>
  /** Files that are not finished, here and where the objects lie, whoever is at work on them. */
  listTemporary(): AsyncIterable<TemporaryFile>
  /** Removes temporary files that nobody has touched for so long; answers how many. */
  sweepTemporary(olderThanMs: number): Promise<number>
}
