import type { DomainEvent } from '#domain/catalogue'
import type { ImageView } from './views.ts'

/** An image as its row will be, from the events that made it; `directBase` is its strategy's. */
export function imageFromUpload(
  events: readonly DomainEvent[],
  { createdAt, directBase }: Pick<ImageView, 'createdAt' | 'directBase'>
): ImageView {
  const upload = events.find((event) => event.type === 'image.uploaded')?.data
  if (upload === undefined) {
    throw new TypeError('An upload was recorded without its event')
  }
  const held = events.some(({ type }) => type === 'image.held_for_moderation')
  return {
    imageId: upload.image_id,
    key: upload.key,
    ownerId: upload.owner_id,
    albumId: upload.album_id,
    strategyId: upload.strategy_id,
    objectKey: upload.object_key,
    directBase,
    originName: upload.origin_name,
    sizeBytes: upload.size_bytes,
    mimetype: upload.mimetype,
    extension: upload.extension,
    width: upload.width,
    height: upload.height,
    frames: upload.frames,
    md5: upload.md5,
    sha1: upload.sha1,
    sha256: upload.sha256,
    permission: upload.permission,
    moderationStatus: held ? 'pending' : 'approved',
    wasModerated: held,
    processingStatus: upload.processing,
    expiresAt: upload.expires_at,
    thumbnailStatus: 'pending',
    thumbnailKey: null,
    thumbnailMimetype: null,
    thumbhash: null,
    createdAt,
    updatedAt: createdAt,
  }
}

/** An image as its row will be once these events have reached it. */
export function imageAfter(image: ImageView, events: readonly DomainEvent[]): ImageView {
  return events.reduce<ImageView>((changed, event) => {
    switch (event.type) {
      case 'image.moved_to_album':
        return { ...changed, albumId: event.data.to_album_id }
      case 'image.permission_changed':
        return { ...changed, permission: event.data.to }
      case 'image.expiry_changed':
        return { ...changed, expiresAt: event.data.to }
      default:
        return changed
    }
  }, image)
}
