import type { ImageView, ShareView } from '#read_models/views'

/** Whether a link opens its image; what became of the image is for the image to say. */
function statusOf({ expiresAt, maxViews, views }: ShareView, now: number) {
  if (maxViews !== null && views >= maxViews) {
    return 'used_up'
  }
  return Date.parse(expiresAt) <= now ? 'expired' : 'active'
}

export function transformShare(
  share: ShareView,
  { key, extension, md5 }: ImageView,
  { base, token }: { base: string; token: string },
  now = Date.now()
) {
  return {
    id: share.shareId,
    url: `${base}/i/${key}.${extension}?share=${token}`,
    thumbnail_url: `${base}/t/${md5}.png?share=${token}`,
    status: statusOf(share, now),
    max_views: share.maxViews,
    views: share.views,
    last_viewed_at: share.lastViewedAt,
    expires_at: share.expiresAt,
    created_at: share.createdAt,
  }
}
