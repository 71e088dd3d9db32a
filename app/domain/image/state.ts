import type { Permission } from '../values.ts'
import type { ImageEvent } from './events.ts'

/** What decisions about an image depend on. */
export interface Image {
  imageId: number
  key: string
  ownerId: number | null
  albumId: number | null
  strategyId: number
  objectKey: string
  md5: string
  sha256: string
  sizeBytes: number
  permission: Permission
  expiresAt: string | null
  thumbnail: 'pending' | 'generated' | 'failed'
  thumbhash: string | null
  moderation: 'approved' | 'pending' | 'rejected'
  /** Not shown any more: deleted, expired or purged. */
  gone: boolean
  /** Deleted, and the bytes are kept. */
  restorable: boolean
  /** Its links that were not revoked; some may have expired. */
  shares: ReadonlyArray<{ shareId: number; expiresAt: string }>
}

/** The image after one more event; `null` stands for an image that was never uploaded. */
export function evolveImage(image: Image | null, event: ImageEvent): Image | null {
  if (event.type === 'image.uploaded') {
    return {
      imageId: event.data.image_id,
      key: event.data.key,
      ownerId: event.data.owner_id,
      albumId: event.data.album_id,
      strategyId: event.data.strategy_id,
      objectKey: event.data.object_key,
      md5: event.data.md5,
      sha256: event.data.sha256,
      sizeBytes: event.data.size_bytes,
      permission: event.data.permission,
      expiresAt: event.data.expires_at,
      thumbnail: 'pending',
      thumbhash: null,
      moderation: 'approved',
      gone: false,
      restorable: false,
      shares: [],
    }
  }
  if (image === null) {
    return null
  }
  switch (event.type) {
    case 'image.moved_to_album':
      return { ...image, albumId: event.data.to_album_id }
    case 'image.permission_changed':
      return { ...image, permission: event.data.to }
    case 'image.expiry_changed':
      return { ...image, expiresAt: event.data.to }
    case 'image.deleted':
      return { ...image, gone: true, restorable: true }
    case 'image.expired':
    case 'image.purged':
      return { ...image, gone: true, restorable: false }
    case 'image.restored':
      return { ...image, gone: false, restorable: false }
    case 'image.object_removed':
      return image
    case 'image.object_moved':
      return {
        ...image,
        strategyId: event.data.to_strategy_id,
        objectKey: event.data.to_object_key,
      }
    case 'image.thumbnail_generated':
      return { ...image, thumbnail: 'generated', thumbhash: event.data.thumbhash }
    case 'image.thumbnail_failed':
      return { ...image, thumbnail: 'failed' }
    case 'image.held_for_moderation':
      return { ...image, moderation: 'pending' }
    case 'image.approved':
      return { ...image, moderation: 'approved' }
    case 'image.rejected':
      return { ...image, moderation: 'rejected' }
    case 'image.shared': {
      const { share_id: shareId, expires_at: expiresAt } = event.data
      return { ...image, shares: [...image.shares, { shareId, expiresAt }] }
    }
    case 'image.shares_revoked': {
      const { share_ids: revoked } = event.data
      return { ...image, shares: image.shares.filter(({ shareId }) => !revoked.includes(shareId)) }
    }
  }
}
