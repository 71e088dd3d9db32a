import { thumbnailOf } from '#imaging/bounded_thumbnail'
import type { MadeThumbnail } from '#imaging/thumbnail'
import type { Workshop } from '#imaging/workshop/workshop'
import { thumbnailKey } from './object_key.ts'
import type { ObjectStore } from './object_store.ts'

/** A thumbnail as it is stored. */
export interface StoredThumbnail extends MadeThumbnail {
  objectKey: string
  sizeBytes: number
}

/**
 * Makes an image's thumbnail and stores it beside the original. The same original gives the same bytes under the same
 * key, so doing it twice changes nothing.
 *
 * @throws StorageError E_OBJECT_MISSING, E_STORAGE_UNAVAILABLE
 * @throws ImagingBusyError when the workshop has too much to do
 * @throws ImagingError E_IMAGE_CORRUPT, E_IMAGE_TOO_SLOW, E_THUMBNAIL_UNSUPPORTED
 */
export async function storeThumbnail(
  store: ObjectStore,
  image: { objectKey: string; md5: string },
  workshop: Pick<Workshop, 'run'>
): Promise<StoredThumbnail> {
  const made = await makeOf(store, image.objectKey, workshop)
  const objectKey = thumbnailKey(image.md5)
  await store.put(objectKey, made.bytes)
  return { ...made, objectKey, sizeBytes: made.bytes.length }
}

/** A file is read by the library itself: bytes in memory would keep the garbage collector busy. */
async function makeOf(
  store: ObjectStore,
  key: string,
  workshop: Pick<Workshop, 'run'>
): Promise<MadeThumbnail> {
  const path = store.localPath(key)
  if (path === null || (await store.stat(key)) === null) {
    return thumbnailOf(await store.readAll(key), workshop)
  }
  try {
    return await thumbnailOf(path, workshop)
  } catch (error) {
    // One that was moved or deleted meanwhile is missing, not damaged.
    if ((await store.stat(key)) !== null) {
      throw error
    }
    return thumbnailOf(await store.readAll(key), workshop)
  }
}
