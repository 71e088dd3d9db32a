import { StorageError } from './errors.ts'

const NAME = /^[A-Za-z0-9_@=+-][A-Za-z0-9._@=+-]*$/
const MAXIMUM_LENGTH = 512

/** Checks a key: names of plain characters, parted by slashes, none of them hidden or pointing upwards. */
export function checkObjectKey(key: string): string {
  if (key.length > MAXIMUM_LENGTH || !key.split('/').every((name) => NAME.test(name))) {
    throw new StorageError('E_INVALID_OBJECT_KEY', 'This is not a key of an object')
  }
  return key
}

/**
 * The key of an original: where it lies follows from its bytes, so the same bytes are stored once. A key whose object
 * was taken away is not used again: the bytes come back under the next generation.
 */
export function originalKey(sha256: string, extension: string, generation: number): string {
  const name = generation === 0 ? sha256 : `${sha256}-${generation}`
  return `originals/${sha256.slice(0, 2)}/${name}.${extension}`
}

/** The key of a thumbnail, by the MD5 of the original's bytes. */
export function thumbnailKey(md5: string): string {
  return `thumbnails/${md5.slice(0, 2)}/${md5}.webp`
}
