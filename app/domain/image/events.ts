import { z } from 'zod'
import { defineEvent, type EventOf, type EventsOf } from '../event_definition.ts'
import { count, entityId, hex, instant, permission, personalText } from '../values.ts'

/** What became of the bytes that were sent: changed before they were stored, kept as they were, or kept because changing them failed. */
export const processingOutcome = z.enum(['completed', 'skipped', 'failed'])
export type ProcessingOutcome = z.infer<typeof processingOutcome>

export const imageUploaded = defineEvent('image.uploaded', {
  schemaVersion: 3,
  schema: z.strictObject({
    image_id: entityId,
    key: z.string().regex(/^[a-z0-9]{6,32}$/),
    owner_id: entityId.nullable(),
    album_id: entityId.nullable(),
    strategy_id: entityId,
    object_key: z.string().min(1).max(512),
    /** Whether the object got its name from this upload; else it was there already, with the same bytes. */
    names_object: z.boolean(),
    origin_name: personalText(255),
    size_bytes: count,
    received_bytes: count,
    processing: processingOutcome,
    mimetype: z.string().max(100),
    extension: z.string().regex(/^[a-z0-9]{2,5}$/),
    width: count,
    height: count,
    frames: count,
    md5: hex(32),
    sha1: hex(40),
    sha256: hex(64),
    permission,
    expires_at: instant.nullable(),
  }),
  personal: { fields: ['origin_name'], subject: (data) => data.owner_id },
})

export const imageMovedToAlbum = defineEvent('image.moved_to_album', {
  schemaVersion: 1,
  schema: z.strictObject({
    image_id: entityId,
    owner_id: entityId.nullable(),
    from_album_id: entityId.nullable(),
    to_album_id: entityId.nullable(),
  }),
})

export const imagePermissionChanged = defineEvent('image.permission_changed', {
  schemaVersion: 1,
  schema: z.strictObject({ image_id: entityId, from: permission, to: permission }),
})

export const imageExpiryChanged = defineEvent('image.expiry_changed', {
  schemaVersion: 1,
  schema: z.strictObject({
    image_id: entityId,
    from: instant.nullable(),
    to: instant.nullable(),
  }),
})

/** What a removal gives back, so that counters need no look-up. */
const removal = z.strictObject({
  image_id: entityId,
  key: z.string(),
  owner_id: entityId.nullable(),
  album_id: entityId.nullable(),
  strategy_id: entityId,
  object_key: z.string(),
  size_bytes: count,
})

export const imageDeleted = defineEvent('image.deleted', { schemaVersion: 1, schema: removal })

export const imageExpired = defineEvent('image.expired', { schemaVersion: 1, schema: removal })

/** An image that was deleted is there again. */
export const imageRestored = defineEvent('image.restored', { schemaVersion: 1, schema: removal })

/** A deleted image can no longer be restored: its bytes may go. */
export const imagePurged = defineEvent('image.purged', { schemaVersion: 1, schema: removal })

/**
 * A stored object that no image refers to any more is taken away, for good. It is told in the stream of the image that
 * had named it, which gives back what it had claimed (`sha256`), or of the last that referred to it.
 */
export const imageObjectRemoved = defineEvent('image.object_removed', {
  schemaVersion: 2,
  schema: z.strictObject({
    image_id: entityId,
    strategy_id: entityId,
    object_key: z.string().min(1).max(512),
    sha256: hex(64).nullable(),
  }),
})

/** An image's bytes lie in another strategy from now on; the object they were in is no longer its own. */
export const imageObjectMoved = defineEvent('image.object_moved', {
  schemaVersion: 1,
  schema: z.strictObject({
    image_id: entityId,
    sha256: hex(64),
    from_strategy_id: entityId,
    from_object_key: z.string().min(1).max(512),
    to_strategy_id: entityId,
    to_object_key: z.string().min(1).max(512),
    /** Whether the object got its name from this move; else it was there already, with the same bytes. */
    names_object: z.boolean(),
  }),
})

export const imageThumbnailGenerated = defineEvent('image.thumbnail_generated', {
  schemaVersion: 2,
  schema: z.strictObject({
    image_id: entityId,
    md5: hex(32),
    object_key: z.string().max(512),
    mimetype: z.string().max(100),
    size_bytes: count,
    width: count,
    height: count,
    /** In base64; `null` for a thumbnail from before there were any. */
    thumbhash: z.base64().max(64).nullable(),
  }),
})

export const imageThumbnailFailed = defineEvent('image.thumbnail_failed', {
  schemaVersion: 1,
  schema: z.strictObject({ image_id: entityId, reason: z.string().max(500) }),
})

/** An upload that a moderator must look at before others see it. */
export const imageHeldForModeration = defineEvent('image.held_for_moderation', {
  schemaVersion: 1,
  schema: z.strictObject({ image_id: entityId }),
})

export const imageApproved = defineEvent('image.approved', {
  schemaVersion: 1,
  schema: z.strictObject({ image_id: entityId, from: z.enum(['pending', 'rejected']) }),
})

export const imageRejected = defineEvent('image.rejected', {
  schemaVersion: 1,
  schema: z.strictObject({
    image_id: entityId,
    from: z.enum(['pending', 'approved']),
    reason: z.string().max(1000).nullable(),
  }),
})

/** A link was made that shows the image to whoever has it, for a time; its signature is nowhere in the log. */
export const imageShared = defineEvent('image.shared', {
  schemaVersion: 1,
  schema: z.strictObject({
    image_id: entityId,
    owner_id: entityId.nullable(),
    share_id: entityId,
    expires_at: instant,
    max_views: z.int().positive().nullable(),
  }),
})

/** Shared links were ended before their time. */
export const imageSharesRevoked = defineEvent('image.shares_revoked', {
  schemaVersion: 1,
  schema: z.strictObject({
    image_id: entityId,
    share_ids: z.array(entityId).min(1),
    reason: z.enum([
      'requested',
      'image_deleted',
      'image_expired',
      'image_rejected',
      'owner_frozen',
    ]),
  }),
})

export const imageEvents = [
  imageUploaded,
  imageMovedToAlbum,
  imagePermissionChanged,
  imageExpiryChanged,
  imageDeleted,
  imageExpired,
  imageThumbnailGenerated,
  imageThumbnailFailed,
  imageHeldForModeration,
  imageApproved,
  imageRejected,
  imageRestored,
  imagePurged,
  imageObjectRemoved,
  imageObjectMoved,
  imageShared,
  imageSharesRevoked,
] as const

export type ImageUploaded = EventOf<typeof imageUploaded>
export type ImageEvent = EventsOf<typeof imageEvents>
