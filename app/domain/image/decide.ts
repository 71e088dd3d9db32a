import type { EventData } from '../catalogue.ts'
import { DomainError } from '../domain_error.ts'
import type { Requester } from '../requester.ts'
import type { Permission } from '../values.ts'
import type { ImageEvent } from './events.ts'
import { requireChangeable, requireLiving } from './requirements.ts'
import { revokeShares } from './shares.ts'
import type { Image } from './state.ts'

export interface ChangeImage extends Requester {
  /** An album of the owner's, `null` to take the image out; left out to keep it where it is. */
  albumId?: number | null
  permission?: Permission
  /** `null` for an image that is to stay for ever. */
  expiresAt?: string | null
}

export interface Thumbnail {
  objectKey: string
  mimetype: string
  sizeBytes: number
  width: number
  height: number
  thumbhash: string
}

/** Records an upload; one that is `held` waits for a moderator. */
export function uploadImage(
  upload: EventData<'image.uploaded'>,
  { held }: { held: boolean }
): ImageEvent[] {
  const uploaded: ImageEvent = { type: 'image.uploaded', data: upload }
  return held
    ? [uploaded, { type: 'image.held_for_moderation', data: { image_id: upload.image_id } }]
    : [uploaded]
}

/**
 * Lets others see an image that was pending or rejected; nothing for one that is approved.
 *
 * @throws DomainError E_IMAGE_NOT_FOUND
 */
export function approveImage(image: Image | null): ImageEvent[] {
  const { imageId, moderation } = requireLiving(image)
  return moderation === 'approved'
    ? []
    : [{ type: 'image.approved', data: { image_id: imageId, from: moderation } }]
}

/** Approves an image only while it waits; used where no person decides. */
export function approvePendingImage(image: Image | null): ImageEvent[] {
  return image === null || image.gone || image.moderation !== 'pending' ? [] : approveImage(image)
}

/** Rejects an image only while it waits; used where no person decides. */
export function rejectPendingImage(image: Image | null, reason: string): ImageEvent[] {
  return image === null || image.gone || image.moderation !== 'pending'
    ? []
    : rejectImage(image, reason)
}

/**
 * Hides an image from all but its owner and administrators, and ends its shared links; nothing for one that is rejected.
 *
 * @throws DomainError E_IMAGE_NOT_FOUND
 */
export function rejectImage(image: Image | null, reason: string | null): ImageEvent[] {
  const { imageId, moderation } = requireLiving(image)
  return moderation === 'rejected'
    ? []
    : [
        ...revokeShares(image, 'image_rejected'),
        { type: 'image.rejected', data: { image_id: imageId, from: moderation, reason } },
      ]
}

/** @throws DomainError E_IMAGE_NOT_FOUND, also for an image that the requester may not change. */
export function changeImage(image: Image | null, command: ChangeImage): ImageEvent[] {
  const present = requireChangeable(image, command)
  const events: ImageEvent[] = []
  const { albumId, permission, expiresAt } = command
  if (albumId !== undefined && albumId !== present.albumId) {
    events.push({
      type: 'image.moved_to_album',
      data: {
        image_id: present.imageId,
        owner_id: present.ownerId,
        from_album_id: present.albumId,
        to_album_id: albumId,
      },
    })
  }
  if (permission !== undefined && permission !== present.permission) {
    events.push({
      type: 'image.permission_changed',
      data: { image_id: present.imageId, from: present.permission, to: permission },
    })
  }
  if (expiresAt !== undefined && expiresAt !== present.expiresAt) {
    events.push({
      type: 'image.expiry_changed',
      data: { image_id: present.imageId, from: present.expiresAt, to: expiresAt },
    })
  }
  return events
}

/**
 * Deletes an image, and ends its shared links for good: restoring it does not bring them back.
 *
 * @throws DomainError E_IMAGE_NOT_FOUND, also for an image that the requester may not delete.
 */
export function deleteImage(image: Image | null, requester: Requester): ImageEvent[] {
  const present = requireChangeable(image, requester)
  return [
    ...revokeShares(present, 'image_deleted'),
    { type: 'image.deleted', data: removalOf(present) },
  ]
}

/**
 * Brings a deleted image back. One that would have expired meanwhile stays away.
 *
 * @throws DomainError E_IMAGE_NOT_FOUND, also for an image that cannot be restored or that the requester may not restore
 */
export function restoreImage(image: Image | null, requester: Requester, now: string): ImageEvent[] {
  const isOwner =
    image !== null && image.ownerId !== null && image.ownerId === requester.requesterId
  const isOver = image !== null && image.expiresAt !== null && image.expiresAt <= now
  if (image === null || !image.restorable || isOver || !(isOwner || requester.isAdmin)) {
    throw new DomainError('E_IMAGE_NOT_FOUND', 'Image not found')
  }
  return [{ type: 'image.restored', data: removalOf(image) }]
}

/** Ends the time in which a deleted image can be restored; nothing for one that cannot be. */
export function purgeImage(image: Image | null): ImageEvent[] {
  return image === null || !image.restorable
    ? []
    : [{ type: 'image.purged', data: removalOf(image) }]
}

/** Takes a stored object away; that no image refers to it is for the object's budget to say. */
export function removeObject(removal: EventData<'image.object_removed'>): ImageEvent[] {
  return [{ type: 'image.object_removed', data: removal }]
}

/** Where an image's bytes are to lie from now on. */
export interface MovedObject {
  fromStrategyId: number
  toStrategyId: number
  objectKey: string
  /** Whether the object gets its name by this. */
  namesObject: boolean
}

/** Moves an image's bytes; nothing for an image that does not lie there any more, or that cannot come back. */
export function moveObject(image: Image | null, move: MovedObject): ImageEvent[] {
  if (image === null || image.strategyId !== move.fromStrategyId || !keepsBytes(image)) {
    return []
  }
  return [
    {
      type: 'image.object_moved',
      data: {
        image_id: image.imageId,
        sha256: image.sha256,
        from_strategy_id: image.strategyId,
        from_object_key: image.objectKey,
        to_strategy_id: move.toStrategyId,
        to_object_key: move.objectKey,
        names_object: move.namesObject,
      },
    },
  ]
}

/** Whether its bytes are needed: it is there, or can be restored. */
export function keepsBytes({ gone, restorable }: Image): boolean {
  return !gone || restorable
}

/** Expires an image whose time has come at `now`; decides nothing for one that is gone or has time left. */
export function expireImage(image: Image | null, now: string): ImageEvent[] {
  if (image === null || image.gone || image.expiresAt === null || image.expiresAt > now) {
    return []
  }
  return [
    ...revokeShares(image, 'image_expired'),
    { type: 'image.expired', data: removalOf(image) },
  ]
}

/**
 * Records a thumbnail unless the image is gone or has one with its ThumbHash; one that failed before may succeed later.
 */
export function recordThumbnail(image: Image | null, thumbnail: Thumbnail): ImageEvent[] {
  if (image === null || image.gone || hasThumbnail(image)) {
    return []
  }
  return [
    {
      type: 'image.thumbnail_generated',
      data: {
        image_id: image.imageId,
        md5: image.md5,
        object_key: thumbnail.objectKey,
        mimetype: thumbnail.mimetype,
        size_bytes: thumbnail.sizeBytes,
        width: thumbnail.width,
        height: thumbnail.height,
        thumbhash: thumbnail.thumbhash,
      },
    },
  ]
}

/** Whether nothing is missing of an image's thumbnail, by the log. */
export function hasThumbnail({ thumbnail, thumbhash }: Image): boolean {
  return thumbnail === 'generated' && thumbhash !== null
}

export function recordThumbnailFailure(image: Image | null, reason: string): ImageEvent[] {
  if (image === null || image.gone || image.thumbnail !== 'pending') {
    return []
  }
  return [
    {
      type: 'image.thumbnail_failed',
      data: { image_id: image.imageId, reason: reason.slice(0, 500) },
    },
  ]
}

function removalOf(image: Image): EventData<'image.deleted'> {
  return {
    image_id: image.imageId,
    key: image.key,
    owner_id: image.ownerId,
    album_id: image.albumId,
    strategy_id: image.strategyId,
    object_key: image.objectKey,
    size_bytes: image.sizeBytes,
  }
}
