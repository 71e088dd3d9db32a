export type StorageErrorCode =
  'E_STORAGE_UNAVAILABLE' | 'E_STORAGE_REFUSED' | 'E_OBJECT_MISSING' | 'E_INVALID_OBJECT_KEY'

/** What a store of objects refuses; `code` tells which. */
export class StorageError extends Error {
  override name = 'StorageError'
  readonly code: StorageErrorCode

  constructor(code: StorageErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** The storage is away or overloaded for the moment: the same request may succeed when it is sent again. */
export class PassingStorageError extends StorageError {
  constructor(message: string, options?: ErrorOptions) {
    super('E_STORAGE_UNAVAILABLE', message, options)
  }
}

/** The disk is full, read-only, not ours, broken or out of handles: it may be well again later. */
const UNAVAILABLE_CODES = new Set([
  'ENOSPC',
  'EDQUOT',
  'EROFS',
  'EACCES',
  'EPERM',
  'EIO',
  'EMFILE',
  'ENFILE',
  'ESTALE',
  'ETIMEDOUT',
])

function codeOf(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string'
    ? error.code
    : null
}

export function isMissingFile(error: unknown): boolean {
  return codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR'
}

/** The file system's error as one of ours, where it says that the storage cannot be used; else as it is. */
export function asStorageError(error: unknown): unknown {
  const code = codeOf(error)
  return code !== null && UNAVAILABLE_CODES.has(code)
    ? new StorageError('E_STORAGE_UNAVAILABLE', `The storage cannot be used (${code})`, {
        cause: error,
      })
    : error
}
