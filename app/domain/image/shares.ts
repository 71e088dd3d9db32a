import type { EventData } from '../catalogue.ts'
import { DomainError } from '../domain_error.ts'
import type { Requester } from '../requester.ts'
import type { ImageEvent } from './events.ts'
import { requireChangeable } from './requirements.ts'
import type { Image } from './state.ts'

/** Links of one image that work at the same time, at most. */
export const MOST_SHARES = 100

export interface ShareImage extends Requester {
  shareId: number
  expiresAt: string
  maxViews: number | null
}

export type RevocationReason = EventData<'image.shares_revoked'>['reason']

/**
 * Makes a link for those who may not see the image otherwise. One that waits for a moderator, or was rejected, is shown
 * to nobody on its owner's word.
 *
 * @throws DomainError E_IMAGE_NOT_FOUND, E_IMAGE_NOT_APPROVED, E_TOO_MANY_SHARES
 */
export function shareImage(image: Image | null, command: ShareImage, now: string): ImageEvent[] {
  const { imageId, ownerId, moderation, shares } = requireChangeable(image, command)
  if (moderation !== 'approved') {
    throw new DomainError('E_IMAGE_NOT_APPROVED', 'A moderator must approve the image first')
  }
  if (shares.filter(({ expiresAt }) => expiresAt > now).length >= MOST_SHARES) {
    throw new DomainError('E_TOO_MANY_SHARES', `An image has at most ${MOST_SHARES} shared links`)
  }
  return [
    {
      type: 'image.shared',
      data: {
        image_id: imageId,
        owner_id: ownerId,
        share_id: command.shareId,
        expires_at: command.expiresAt,
        max_views: command.maxViews,
      },
    },
  ]
}

/**
 * Ends one link, for whoever may change the image.
 *
 * @throws DomainError E_IMAGE_NOT_FOUND, E_SHARE_NOT_FOUND
 */
export function revokeShare(
  image: Image | null,
  { shareId, ...requester }: Requester & { shareId: number }
): ImageEvent[] {
  const { imageId, shares } = requireChangeable(image, requester)
  if (!shares.some((share) => share.shareId === shareId)) {
    throw new DomainError('E_SHARE_NOT_FOUND', 'Shared link not found')
  }
  return [
    {
      type: 'image.shares_revoked',
      data: { image_id: imageId, share_ids: [shareId], reason: 'requested' },
    },
  ]
}

/** Ends all links of an image; nothing where there are none. */
export function revokeShares(image: Image | null, reason: RevocationReason): ImageEvent[] {
  if (image === null || image.shares.length === 0) {
    return []
  }
  const { imageId, shares } = image
  return [
    {
      type: 'image.shares_revoked',
      data: { image_id: imageId, share_ids: shares.map(({ shareId }) => shareId), reason },
    },
  ]
}
