import { StorageError } from './errors.ts'

const NAME = /^[A-Za-z0-9_@=+-][A-Za-z0-9._@=+-]*$/
const MAXIMUM_LENGTH = 512

/** Checks a key: names of plain characters, parted by slashes, none of them hidden or pointing upwards. */
export function checkObjectKey(key: string): string {
  if (!isObjectKey(key)) {
    throw new StorageError('E_INVALID_OBJECT_KEY', 'This is not a key of an object')
  }
  return key
}

export function isObjectKey(key: string): boolean {
  return key.length <= MAXIMUM_LENGTH && key.split('/').every((name) => NAME.test(name))
}

/** The key of a thumbnail, by the MD5 of the original's bytes. */
export function thumbnailKey(md5: string): string {
  return `thumbnails/${md5.slice(0, 2)}/${md5}.webp`
}

const THUMBNAIL_KEY = /(?:^|\/)thumbnails\/[0-9a-f]{2}\/([0-9a-f]{32})\.webp$/

/** The MD5 that a key is of a thumbnail by, also below another folder; `null` when it is no such key. */
export function thumbnailMd5(key: string): string | null {
  return THUMBNAIL_KEY.exec(key)?.[1] ?? null
}
