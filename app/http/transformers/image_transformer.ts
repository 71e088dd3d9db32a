import type {
  AdministeredImageView,
  ImageView,
  ListedImageView,
  TrashedImageView,
} from '#read_models/views'
import { linksOf } from '#http/links'

/** An image as the API shows it; `base` is the site's URL. */
export function transformImage(image: ImageView, base: string) {
  return {
    id: image.imageId,
    key: image.key,
    origin_name: image.originName,
    size_bytes: image.sizeBytes,
    mimetype: image.mimetype,
    extension: image.extension,
    width: image.width,
    height: image.height,
    md5: image.md5,
    sha1: image.sha1,
    /** For a placeholder; `null` until there is a thumbnail. */
    thumbhash: image.thumbhash,
    permission: image.permission,
    album_id: image.albumId,
    moderation_status: image.moderationStatus,
    strategy_id: image.strategyId,
    expires_at: image.expiresAt,
    links: linksOf(image, base),
    created_at: image.createdAt,
  }
}

/** A list item repeats the two links that a gallery needs, and names the storage. */
export function transformListedImage(image: ListedImageView, base: string) {
  const transformed = transformImage(image, base)
  return {
    ...transformed,
    url: transformed.links.url,
    thumbnail_url: transformed.links.thumbnail_url,
    strategy_name: image.strategyName,
    strategy_type: image.strategyType,
  }
}

/** An image as administrators see it. */
export function transformAdministeredImage(image: AdministeredImageView, base: string) {
  return {
    ...transformListedImage(image, base),
    owner_id: image.ownerId,
    owner_email: image.ownerEmail,
    moderation_reason: image.moderationReason,
  }
}

const MODERATION_STEPS = { pending: 'pending', approved: 'completed', rejected: 'failed' } as const

/** How far an image has come: each step is pending, completed, failed or skipped. */
export function transformPipeline(image: ImageView) {
  return {
    upload: 'completed',
    processing: image.processingStatus,
    thumbnail: image.thumbnailStatus,
    moderation: image.wasModerated ? MODERATION_STEPS[image.moderationStatus] : 'skipped',
    updated_at: image.updatedAt,
  }
}

/** A deleted image; `retention` is how long it can be restored, in milliseconds. */
export function transformTrashedImage(image: TrashedImageView, base: string, retention: number) {
  return {
    ...transformListedImage(image, base),
    owner_id: image.ownerId,
    owner_email: image.ownerEmail,
    deleted_at: image.deletedAt,
    restorable_until: new Date(Date.parse(image.deletedAt) + retention).toISOString(),
  }
}
