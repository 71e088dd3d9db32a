import db from '@adonisjs/lucid/services/db'
import { containsPattern, optionalNumber, type BigintColumn } from './columns.ts'
import { countRows } from './counts.ts'
import type { ImageMark } from './image_queries.ts'
import { listedImageView, type ListedImageRow } from './image_rows.ts'
import type { StrategyPlace } from './strategy_columns.ts'
import type { AdministeredImageView, ModerationStatus } from './views.ts'

/** What the list of everybody's images is narrowed to. Moments are RFC 3339, both ends inclusive. */
export interface AdministeredImageFilter {
  keyword?: string
  /** Part of the owner's address. */
  email?: string
  extension?: string
  moderationStatus?: ModerationStatus
  createdFrom?: string
  createdTo?: string
}

interface AdministeredImageRow extends ListedImageRow, StrategyPlace {
  owner_email: string | null
  moderation_reason: string | null
}

/** Above this many images the total is that of the counters, which costs nothing; below it, it is counted. */
const COUNTED_AT_MOST = 10_000

export async function findAdministeredImage(
  imageId: number
): Promise<AdministeredImageView | null> {
  const row = await administeredImages().where('i.image_id', imageId).first()
  return row && administeredImageView(row)
}

/** Everybody's images, newest first: `limit` of them after `start`, a mark or a number to skip. */
export async function listAdministeredImages(
  filter: AdministeredImageFilter,
  start: ImageMark | number,
  limit: number
): Promise<AdministeredImageView[]> {
  const query = administeredImages()
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
  return (await query).map(administeredImageView)
}

/** How many images the filter leaves. */
export async function countAdministeredImages(filter: AdministeredImageFilter): Promise<number> {
  if (Object.values(filter).every((value) => value === undefined)) {
    const row: { total: BigintColumn | null } | null = await db
      .from('read.usage')
      .sum('image_num as total')
      .first()
    const total = optionalNumber(row?.total ?? null) ?? 0
    if (total > COUNTED_AT_MOST) {
      return total
    }
  }
  const query = db
    .query<AdministeredImageRow>()
    .from('read.images as i')
    .leftJoin('read.accounts as o', 'o.account_id', 'i.owner_id')
    .whereNull('i.deleted_at')
    .where((living) => living.whereNull('i.expires_at').orWhereRaw('i.expires_at > now()'))
  narrow(query, filter)
  return countRows(query)
}

function administeredImages() {
  return db
    .query<AdministeredImageRow>()
    .from('read.images as i')
    .leftJoin('read.albums as a', 'a.album_id', 'i.album_id')
    .leftJoin('read.accounts as o', 'o.account_id', 'i.owner_id')
    .join('read.strategies as s', 's.strategy_id', 'i.strategy_id')
    .select(
      'i.*',
      'a.album_id as living_album_id',
      's.name as strategy_name',
      's.strategy_type',
      's.configs as strategy_configs',
      'o.email as owner_email'
    )
    .whereNull('i.deleted_at')
    .where((living) => living.whereNull('i.expires_at').orWhereRaw('i.expires_at > now()'))
}

function narrow(
  query: ReturnType<typeof administeredImages>,
  filter: AdministeredImageFilter
): void {
  const { keyword, email, extension, moderationStatus, createdFrom, createdTo } = filter
  if (keyword !== undefined) {
    const pattern = containsPattern(keyword)
    query.where((either) => either.whereILike('i.origin_name', pattern).orWhere('i.key', keyword))
  }
  if (email !== undefined) {
    query.whereILike('o.email', containsPattern(email))
  }
  if (extension !== undefined) {
    query.where('i.extension', extension.toLowerCase())
  }
  if (moderationStatus !== undefined) {
    query.where('i.moderation_status', moderationStatus)
  }
  if (createdFrom !== undefined) {
    query.where('i.created_at', '>=', createdFrom)
  }
  if (createdTo !== undefined) {
    query.where('i.created_at', '<=', createdTo)
  }
}

function administeredImageView(row: AdministeredImageRow): AdministeredImageView {
  return {
    ...listedImageView(row, row),
    ownerEmail: row.owner_email,
    moderationReason: row.moderation_reason,
  }
}
