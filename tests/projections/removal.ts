import type { EventData } from '#domain/catalogue'
import { uploadData } from '#tests/helpers/events'

/** The payload of a removal of the image that `uploadData` describes. */
export function removalData(
  imageId: number,
  changes: Partial<EventData<'image.uploaded'>> = {}
): EventData<'image.deleted'> {
  const upload = uploadData(imageId, changes)
  return {
    image_id: upload.image_id,
    key: upload.key,
    owner_id: upload.owner_id,
    album_id: upload.album_id,
    strategy_id: upload.strategy_id,
    object_key: upload.object_key,
    size_bytes: upload.size_bytes,
  }
}
