import db from '@adonisjs/lucid/services/db'
import type { DatabaseQueryBuilderContract } from '@adonisjs/lucid/types/querybuilder'
import { containsPattern, optionalMoment, type BigintColumn } from './columns.ts'
import {
  imageView,
  listedImageView,
  storedImageView,
  type ImageRow,
  type ListedImageRow,
  type StoredImageRow,
} from './image_rows.ts'
import { STRATEGY_COLUMNS, type StrategyPlace } from './strategy_columns.ts'
import type { ImageView, ListedImageView, ModerationStatus, StoredImageView } from './views.ts'

/** What a list of images is narrowed to. Moments are RFC 3339, both ends inclusive. */
export interface ImageFilter {
  albumId?: number
  keyword?: string
  extension?: string
  permission?: number
  moderationStatus?: ModerationStatus
  createdFrom?: string
  createdTo?: string
}

/** The last image of the page before. */
export interface ImageMark {
  createdAt: string
  imageId: number
}

/** Who looks: an administrator sees all, others what is public and what is theirs. */
export interface Viewer {
  accountId: number | null
  isAdmin: boolean
}

export function isPublic(image: ImageView): boolean {
  return image.permission === 1 && image.moderationStatus === 'approved'
}

export function isVisibleTo(image: ImageView, viewer: Viewer): boolean {
  const isOwner = image.ownerId !== null && image.ownerId === viewer.accountId
  return isPublic(image) || isOwner || viewer.isAdmin
}

/** An image that has not been deleted and whose time has not come; whether it may be seen is for the caller to say. */
export async function findImage(key: string): Promise<ImageView | null> {
  const row = await livingImages<ImageRow & StrategyPlace>()
    .leftJoin('read.albums as a', 'a.album_id', 'i.album_id')
    .join('read.strategies as s', 's.strategy_id', 'i.strategy_id')
    .select(
      'i.*',
      'a.album_id as living_album_id',
      's.strategy_type',
      's.configs as strategy_configs'
    )
    .where('i.key', key)
    .first()
  return row && imageView(row, row)
}

/** Those of the images that are there, in no order. */
export async function findImages(keys: readonly string[]): Promise<ImageView[]> {
  const rows = await livingImages<ImageRow>()
    .select('i.*', 'i.album_id as living_album_id')
    .whereIn('i.key', [...keys])
  return rows.map((row) => imageView(row, null))
}

/** The same with where its bytes lie, in one query: this is what serving a file costs. */
export async function findStoredImage(key: string): Promise<StoredImageView | null> {
  const row = await storedImages().where('i.key', key).first()
  return row && storedImageView(row)
}

/** The same for an image that is known by its id. */
export async function findStoredImageById(imageId: number): Promise<StoredImageView | null> {
  const row = await storedImages().where('i.image_id', imageId).first()
  return row && storedImageView(row)
}

/** An owner's images, newest first: `limit` of them after `start`, a mark or a number to skip. */
export async function listImages(
  ownerId: number,
  filter: ImageFilter,
  start: ImageMark | number,
  limit: number
): Promise<ListedImageView[]> {
  const query = livingImages<ListedImageRow & StrategyPlace>()
    .leftJoin('read.albums as a', 'a.album_id', 'i.album_id')
    .join('read.strategies as s', 's.strategy_id', 'i.strategy_id')
    .select(
      'i.*',
      'a.album_id as living_album_id',
      's.name as strategy_name',
      's.strategy_type',
      's.configs as strategy_configs'
    )
    .where('i.owner_id', ownerId)
    .orderBy([
      { column: 'i.created_at', order: 'desc' },
      { column: 'i.image_id', order: 'desc' },
    ])
    .limit(limit)
  narrow(query, filter)
  if (typeof start === 'number') {
    query.offset(start)
  } else {
    query.whereRaw('(i.created_at, i.image_id) < (?, ?)', [start.createdAt, start.imageId])
  }
  return (await query).map((row) => listedImageView(row, row))
}

export interface ImageCount {
  total: number
  /** When the next of them expires. */
  nextExpiry: string | null
}

/** How many images of an owner the filter leaves. */
export async function countImages(ownerId: number, filter: ImageFilter): Promise<ImageCount> {
  if (Object.values(filter).every((value) => value === undefined)) {
    return countLibrary(ownerId)
  }
  const query = livingImages<{ total: BigintColumn; next_expiry: Date | null }>()
    .where('i.owner_id', ownerId)
    .count('* as total')
    .min('i.expires_at as next_expiry')
  narrow(query, filter)
  const row = await query.first()
  return { total: Number(row?.total), nextExpiry: optionalMoment(row?.next_expiry ?? null) }
}

/** All images of an owner, by the counter: it costs the same however many there are. */
async function countLibrary(ownerId: number): Promise<ImageCount> {
  const expiring = () =>
    db
      .from('read.images')
      .where('owner_id', ownerId)
      .whereNull('deleted_at')
      .whereNotNull('expires_at')
  const row = await db
    .query<{ image_num: number; overdue: BigintColumn; next_expiry: Date | null }>()
    .from('read.usage')
    .where('account_id', ownerId)
    .select('image_num')
    // Whose time has come and who are not removed yet, which is a matter of moments.
    .select(expiring().whereRaw('expires_at <= now()').count('*').as('overdue'))
    .select(expiring().whereRaw('expires_at > now()').min('expires_at').as('next_expiry'))
    .first()
  return {
    total: row === null ? 0 : row.image_num - Number(row.overdue),
    nextExpiry: optionalMoment(row?.next_expiry ?? null),
  }
}

/** An image with these bytes that the viewer may see, rather a public one, rather one that has its thumbnail. */
export async function findStoredImageByMd5(
  md5: string,
  viewer: Viewer
): Promise<StoredImageView | null> {
  const query = storedImages()
    .where('i.md5', md5)
    .orderByRaw(`(i.permission = 1 and i.moderation_status = 'approved') desc`)
    .orderByRaw('i.thumbnail_key is null, i.image_id')
  if (!viewer.isAdmin) {
    query.where((visible) => {
      visible.where({ 'i.permission': 1, 'i.moderation_status': 'approved' })
      if (viewer.accountId !== null) {
        visible.orWhere('i.owner_id', viewer.accountId)
      }
    })
  }
  const row = await query.first()
  return row && storedImageView(row)
}

/** Files do not show their album: it is not looked up. */
function storedImages() {
  return livingImages<StoredImageRow>()
    .join('read.strategies as s', 's.strategy_id', 'i.strategy_id')
    .select('i.*', 'i.album_id as living_album_id', ...STRATEGY_COLUMNS)
}

function livingImages<Row extends object = Record<string, unknown>>() {
  return db
    .query<Row>()
    .from('read.images as i')
    .whereNull('i.deleted_at')
    .where((query) => query.whereNull('i.expires_at').orWhereRaw('i.expires_at > now()'))
}

function narrow<Row>(query: DatabaseQueryBuilderContract<Row>, filter: ImageFilter): void {
  const { albumId, keyword, extension, permission, moderationStatus } = filter
  if (albumId !== undefined) {
    query
      .where('i.album_id', albumId)
      .whereExists(db.from('read.albums').where('album_id', albumId).select('album_id'))
  }
  if (keyword !== undefined && keyword !== '') {
    const pattern = containsPattern(keyword)
    query.where((either) => either.whereILike('i.origin_name', pattern).orWhere('i.key', keyword))
  }
  if (extension !== undefined) {
    query.where('i.extension', extension.toLowerCase())
  }
  if (permission !== undefined) {
    query.where('i.permission', permission)
  }
  if (moderationStatus !== undefined) {
    query.where('i.moderation_status', moderationStatus)
  }
  if (filter.createdFrom !== undefined) {
    query.where('i.created_at', '>=', filter.createdFrom)
  }
  if (filter.createdTo !== undefined) {
    query.where('i.created_at', '<=', filter.createdTo)
  }
}
