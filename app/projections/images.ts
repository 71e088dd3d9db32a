import type { ProcessingOutcome } from '#domain/image/events'
import type { Permission } from '#domain/values'
import { defineProjection } from './projection.ts'

export type ImageRow = {
  image_id: number
  key: string
  owner_id: number | null
  album_id: number | null
  strategy_id: number
  object_key: string
  origin_name: string | null
  size_bytes: number
  processing_status: ProcessingOutcome
  mimetype: string
  extension: string
  width: number
  height: number
  frames: number
  md5: string
  sha1: string
  sha256: string
  permission: Permission
  moderation_status: 'approved' | 'pending' | 'rejected'
  moderation_reason: string | null
  /** Whether a moderator was ever asked. */
  was_moderated: boolean
  expires_at: string | null
  thumbnail_status: 'pending' | 'completed' | 'failed'
  thumbnail_key: string | null
  thumbnail_mimetype: string | null
  thumbhash: string | null
  /** When it was deleted; it can be restored until it is purged. */
  deleted_at: string | null
  created_at: string
  updated_at: string
}

/** The images that are there, and deleted ones that can be restored; an expired or purged one has no row. */
export const images = defineProjection<ImageRow>({
  name: 'images',
  version: 4,
  table: {
    columns: {
      image_id: 'bigint not null',
      key: 'text not null',
      owner_id: 'bigint',
      album_id: 'bigint',
      strategy_id: 'bigint not null',
      object_key: 'text not null',
      origin_name: 'text',
      size_bytes: 'bigint not null',
      processing_status: 'text not null',
      mimetype: 'text not null',
      extension: 'text not null',
      width: 'integer not null',
      height: 'integer not null',
      frames: 'integer not null',
      md5: 'text not null',
      sha1: 'text not null',
      sha256: 'text not null',
      permission: 'smallint not null',
      moderation_status: 'text not null',
      moderation_reason: 'text',
      was_moderated: 'boolean not null',
      expires_at: 'timestamptz(3)',
      thumbnail_status: 'text not null',
      thumbnail_key: 'text',
      thumbnail_mimetype: 'text',
      thumbhash: 'text',
      deleted_at: 'timestamptz(3)',
      created_at: 'timestamptz(3) not null',
      updated_at: 'timestamptz(3) not null',
    },
    key: 'image_id',
    indexes: {
      key: { on: '(key)', unique: true },
      owner: { on: '(owner_id, created_at desc, image_id desc)' },
      album: {
        on: '(owner_id, album_id, created_at desc, image_id desc)',
        where: 'album_id is not null',
      },
      md5: { on: '(md5)' },
      owner_expires_at: {
        on: '(owner_id, expires_at)',
        where: 'expires_at is not null and deleted_at is null',
      },
      expires_at: { on: '(expires_at)', where: 'expires_at is not null and deleted_at is null' },
      deleted: { on: '(deleted_at, image_id)', where: 'deleted_at is not null' },
      moderation: {
        on: '(moderation_status, created_at, image_id)',
        where: `moderation_status <> 'approved'`,
      },
    },
  },

  keys: (event) => ('image_id' in event.data ? [event.data.image_id] : []),

  concerns: (row) => row.owner_id,

  apply(rows, event) {
    if (event.type === 'image.uploaded') {
      const { data } = event
      rows.put({
        image_id: data.image_id,
        key: data.key,
        owner_id: data.owner_id,
        album_id: data.album_id,
        strategy_id: data.strategy_id,
        object_key: data.object_key,
        origin_name: data.origin_name,
        size_bytes: data.size_bytes,
        processing_status: data.processing,
        mimetype: data.mimetype,
        extension: data.extension,
        width: data.width,
        height: data.height,
        frames: data.frames,
        md5: data.md5,
        sha1: data.sha1,
        sha256: data.sha256,
        permission: data.permission,
        moderation_status: 'approved',
        moderation_reason: null,
        was_moderated: false,
        expires_at: data.expires_at,
        thumbnail_status: 'pending',
        thumbnail_key: null,
        thumbnail_mimetype: null,
        thumbhash: null,
        deleted_at: null,
        created_at: event.recordedAt,
        updated_at: event.recordedAt,
      })
      return
    }
    const row = 'image_id' in event.data ? rows.get(event.data.image_id) : undefined
    if (row === undefined) {
      return
    }
    const change = (changes: Partial<ImageRow>) =>
      rows.put({ ...row, ...changes, updated_at: event.recordedAt })
    switch (event.type) {
      case 'image.moved_to_album':
        return change({ album_id: event.data.to_album_id })
      case 'image.permission_changed':
        return change({ permission: event.data.to })
      case 'image.expiry_changed':
        return change({ expires_at: event.data.to })
      case 'image.thumbnail_generated':
        return change({
          thumbnail_status: 'completed',
          thumbnail_key: event.data.object_key,
          thumbnail_mimetype: event.data.mimetype,
          thumbhash: event.data.thumbhash,
        })
      case 'image.thumbnail_failed':
        return change({ thumbnail_status: 'failed' })
      case 'image.held_for_moderation':
        return change({ moderation_status: 'pending', was_moderated: true })
      case 'image.approved':
        return change({ moderation_status: 'approved', moderation_reason: null })
      case 'image.rejected':
        return change({
          moderation_status: 'rejected',
          moderation_reason: event.data.reason,
          was_moderated: true,
        })
      case 'image.deleted':
        return change({ deleted_at: event.recordedAt })
      case 'image.restored':
        return change({ deleted_at: null })
      case 'image.object_moved':
        return change({
          strategy_id: event.data.to_strategy_id,
          object_key: event.data.to_object_key,
        })
      case 'image.purged':
      case 'image.expired':
        return rows.remove(row.image_id)
    }
  },
})
