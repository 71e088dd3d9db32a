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

/** The key of a thumbnail, by the MD5 of the original's bytes. */
export function thumbnailKey(md5: string): string {
  return `thumbnails/${md5.slice(0, 2)}/${md5}.webp`
}
