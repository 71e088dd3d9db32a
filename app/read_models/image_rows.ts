import { directBaseOf } from '#domain/strategy/direct_links'
import type { ProcessingOutcome } from '#domain/image/events'
import type { StrategyType } from '#domain/strategy/events'
import type { Permission } from '#domain/values'
import { optionalMoment, optionalNumber, type BigintColumn } from './columns.ts'
import { strategyOfRow, type StrategyColumns, type StrategyPlace } from './strategy_columns.ts'
import type { ImageView, ListedImageView, ModerationStatus, StoredImageView } from './views.ts'

/** A row of `read.images`, with its album's id when that album still exists. */
export interface ImageRow {
  image_id: BigintColumn
  key: string
  owner_id: BigintColumn | null
  living_album_id: BigintColumn | null
  strategy_id: BigintColumn
  object_key: string
  origin_name: string | null
  size_bytes: BigintColumn
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
  moderation_status: ModerationStatus
  was_moderated: boolean
  expires_at: Date | null
  thumbnail_status: 'pending' | 'completed' | 'failed'
  thumbnail_key: string | null
  thumbnail_mimetype: string | null
  thumbhash: string | null
  created_at: Date
  updated_at: Date
}

export interface ListedImageRow extends ImageRow {
  strategy_name: string
  strategy_type: StrategyType
}

export type StoredImageRow = ImageRow & StrategyColumns

/** `place` tells whether links may lead to the strategy directly; without it they lead here. */
export function imageView(row: ImageRow, place: StrategyPlace | null): ImageView {
  return {
    imageId: Number(row.image_id),
    key: row.key,
    ownerId: optionalNumber(row.owner_id),
    albumId: optionalNumber(row.living_album_id),
    strategyId: Number(row.strategy_id),
    objectKey: row.object_key,
    directBase: place && directBaseOf(place.strategy_type, place.strategy_configs),
    originName: row.origin_name,
    sizeBytes: Number(row.size_bytes),
    mimetype: row.mimetype,
    extension: row.extension,
    width: row.width,
    height: row.height,
    frames: row.frames,
    md5: row.md5,
    sha1: row.sha1,
    sha256: row.sha256,
    permission: row.permission,
    moderationStatus: row.moderation_status,
    wasModerated: row.was_moderated,
    processingStatus: row.processing_status,
    expiresAt: optionalMoment(row.expires_at),
    thumbnailStatus: row.thumbnail_status,
    thumbnailKey: row.thumbnail_key,
    thumbnailMimetype: row.thumbnail_mimetype,
    thumbhash: row.thumbhash,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
  }
}

export function listedImageView(row: ListedImageRow, place: StrategyPlace | null): ListedImageView {
  return {
    ...imageView(row, place),
    strategyName: row.strategy_name,
    strategyType: row.strategy_type,
  }
}

export function storedImageView(row: StoredImageRow): StoredImageView {
  return { ...imageView(row, row), strategy: strategyOfRow(row) }
}
