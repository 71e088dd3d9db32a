import { createHash } from 'node:crypto'
import { openSlice, type FileSlice } from './exchange.ts'
import { asStorageError } from './errors.ts'

/** What bytes are sent with, so that the other side refuses any others: SHA-256 in hex, MD5 in Base64. */
export interface Digest {
  sha256: string
  md5: string
}

export function digestOf(bytes: Buffer): Digest {
  return {
    sha256: createHash('sha256').update(bytes).digest('hex'),
    md5: createHash('md5').update(bytes).digest('base64'),
  }
}

/** @throws StorageError E_STORAGE_UNAVAILABLE when the file cannot be read */
export async function digestSlice(slice: FileSlice): Promise<Digest> {
  const sha256 = createHash('sha256')
  const md5 = createHash('md5')
  try {
    for await (const chunk of openSlice(slice)) {
      sha256.update(chunk)
      md5.update(chunk)
    }
  } catch (error) {
    throw asStorageError(error)
  }
  return { sha256: sha256.digest('hex'), md5: md5.digest('base64') }
}
