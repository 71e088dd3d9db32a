import db from '@adonisjs/lucid/services/db'
import type { BigintColumn } from './columns.ts'
import { countRows } from './counts.ts'
import { listedImageView, type ListedImageRow } from './image_rows.ts'
import { offsetOf, type PageOf, type PageRequest } from './page_request.ts'
import type { TrashedImageView } from './views.ts'

interface TrashedImageRow extends ListedImageRow {
  deleted_at: Date
  owner_email: string | null
  owner_capacity: BigintColumn | null
}

/** Whose trash is looked at; everybody's for administrators. */
export interface TrashScope {
  ownerId?: number
}

/** A deleted image that can be restored, by its key or its id. */
export async function findTrashedImage(
  image: { key: string } | { imageId: number },
  scope: TrashScope
): Promise<TrashedImageView | null> {
  const query = trashedImages(scope)
  if ('key' in image) {
    query.where('i.key', image.key)
  } else {
    query.where('i.image_id', image.imageId)
  }
  const row = await query.first()
  return row && trashedImageView(row)
}

/** Deleted images, the last deleted first. */
export async function listTrash(
  scope: TrashScope,
  page: PageRequest
): Promise<PageOf<TrashedImageView>> {
  const counted = db.from('read.images as i').whereNotNull('i.deleted_at')
  if (scope.ownerId !== undefined) {
    counted.where('i.owner_id', scope.ownerId)
  }
  const [total, rows] = await Promise.all([
    countRows(counted),
    trashedImages(scope)
      .orderBy([
        { column: 'i.deleted_at', order: 'desc' },
        { column: 'i.image_id', order: 'desc' },
      ])
      .limit(page.size)
      .offset(offsetOf(page)),
  ])
  return { items: rows.map(trashedImageView), total }
}

function trashedImages({ ownerId }: TrashScope) {
  const query = db
    .query<TrashedImageRow>()
    .from('read.images as i')
    .leftJoin('read.albums as a', 'a.album_id', 'i.album_id')
    .leftJoin('read.accounts as o', 'o.account_id', 'i.owner_id')
    .join('read.strategies as s', 's.strategy_id', 'i.strategy_id')
    .select(
      'i.*',
      'a.album_id as living_album_id',
      's.name as strategy_name',
      's.strategy_type',
      'o.email as owner_email',
      'o.capacity_bytes as owner_capacity'
    )
    .whereNotNull('i.deleted_at')
  return ownerId === undefined ? query : query.where('i.owner_id', ownerId)
}

function trashedImageView(row: TrashedImageRow): TrashedImageView {
  return {
    ...listedImageView(row, null),
    deletedAt: row.deleted_at.toISOString(),
    ownerEmail: row.owner_email,
    ownerCapacityBytes: row.owner_capacity === null ? null : Number(row.owner_capacity),
  }
}
