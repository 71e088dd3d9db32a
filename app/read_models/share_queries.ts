import db from '@adonisjs/lucid/services/db'
import { optionalMoment, optionalNumber, type BigintColumn } from './columns.ts'
import { countRows } from './counts.ts'
import { offsetOf, type PageOf, type PageRequest } from './page_request.ts'
import type { ShareView } from './views.ts'

interface ShareRow {
  share_id: BigintColumn
  image_id: BigintColumn
  expires_at: Date
  max_views: BigintColumn | null
  views: BigintColumn
  last_viewed_at: Date | null
  created_at: Date
}

export async function findShare(shareId: number): Promise<ShareView | null> {
  const row: ShareRow | null = await db.from('read.shares').where('share_id', shareId).first()
  return row && shareView(row)
}

/** An image's links that were not revoked, newest first; also expired ones. */
export async function listShares(imageId: number, page: PageRequest): Promise<PageOf<ShareView>> {
  const shares = () => db.from('read.shares').where('image_id', imageId)
  const [total, rows]: [number, ShareRow[]] = await Promise.all([
    countRows(shares()),
    shares().orderBy('share_id', 'desc').limit(page.size).offset(offsetOf(page)),
  ])
  return { items: rows.map(shareView), total }
}

/**
 * A link that opens its image now: its time has not come, its views are not used up, the image is there and approved,
 * and its owner's account is not frozen.
 */
export async function findOpenShare(shareId: number): Promise<ShareView | null> {
  const row: ShareRow | null = await db
    .from('read.shares as s')
    .join('read.images as i', 'i.image_id', 's.image_id')
    .leftJoin('read.accounts as a', 'a.account_id', 's.owner_id')
    .select('s.*')
    .where('s.share_id', shareId)
    .whereRaw('s.expires_at > now()')
    .where((bound) => bound.whereNull('s.max_views').orWhereRaw('s.views < s.max_views'))
    .where('i.moderation_status', 'approved')
    .whereNull('i.deleted_at')
    .where((owner) => owner.whereNull('s.owner_id').orWhere('a.status', 1))
    .first()
  return row && shareView(row)
}

function shareView(row: ShareRow): ShareView {
  return {
    shareId: Number(row.share_id),
    imageId: Number(row.image_id),
    expiresAt: row.expires_at.toISOString(),
    maxViews: optionalNumber(row.max_views),
    views: Number(row.views),
    lastViewedAt: optionalMoment(row.last_viewed_at),
    createdAt: row.created_at.toISOString(),
  }
}
