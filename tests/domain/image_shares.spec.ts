import { test } from '@japa/runner'
import { deleteImage, expireImage, rejectImage } from '#domain/image/decide'
import type { ImageEvent } from '#domain/image/events'
import { MOST_SHARES, revokeShare, revokeShares, shareImage } from '#domain/image/shares'
import { evolveImage } from '#domain/image/state'
import { removalData, uploadData } from '#tests/helpers/events'
import { given } from './given.ts'

const OWNER = { requesterId: 1, isAdmin: false }
const STRANGER = { requesterId: 2, isAdmin: false }
const ADMIN = { requesterId: 9, isAdmin: true }
const NOON = '2026-06-01T12:00:00.000Z'
const LATER = '2026-06-01T13:00:00.000Z'

const uploaded: ImageEvent = {
  type: 'image.uploaded',
  data: uploadData(7, { permission: 0, expires_at: NOON }),
}
const shared = (shareId: number, expiresAt = LATER): ImageEvent => ({
  type: 'image.shared',
  data: {
    image_id: 7,
    owner_id: 1,
    share_id: shareId,
    expires_at: expiresAt,
    max_views: null,
  },
})
const revoked = (shareIds: number[], reason: 'requested' | 'image_deleted'): ImageEvent => ({
  type: 'image.shares_revoked',
  data: { image_id: 7, share_ids: shareIds, reason },
})
const share = { shareId: 12, expiresAt: LATER, maxViews: null }
const image = (...history: ImageEvent[]) => given(evolveImage, ...history)

test.group('Domain | shared links', () => {
  test('owners and administrators make them, nobody else', ({ assert }) => {
    for (const requester of [OWNER, ADMIN]) {
      image(uploaded)
        .when((present) => shareImage(present, { ...share, ...requester }, NOON))
        .then(assert, shared(12))
    }
    image(uploaded)
      .when((present) => shareImage(present, { ...share, ...STRANGER }, NOON))
      .thenRefused(assert, 'E_IMAGE_NOT_FOUND')
  })

  test('an image that nobody has approved is not shown by them', ({ assert }) => {
    image(uploaded, { type: 'image.held_for_moderation', data: { image_id: 7 } })
      .when((present) => shareImage(present, { ...share, ...ADMIN }, NOON))
      .thenRefused(assert, 'E_IMAGE_NOT_APPROVED')
  })

  test('an image has so many at a time', ({ assert }) => {
    const many = (expiresAt: string) =>
      Array.from({ length: MOST_SHARES }, (_, index) => shared(100 + index, expiresAt))
    image(uploaded, ...many(LATER))
      .when((present) => shareImage(present, { ...share, ...OWNER }, NOON))
      .thenRefused(assert, 'E_TOO_MANY_SHARES')
    image(uploaded, ...many(NOON))
      .when((present) => shareImage(present, { ...share, ...OWNER }, NOON))
      .then(assert, shared(12))
  })

  test('one is revoked once, by whoever may change the image', ({ assert }) => {
    image(uploaded, shared(12), shared(13))
      .when((present) => revokeShare(present, { ...OWNER, shareId: 12 }))
      .then(assert, revoked([12], 'requested'))
    image(uploaded, shared(12), shared(13))
      .when((present) => revokeShare(present, { ...STRANGER, shareId: 12 }))
      .thenRefused(assert, 'E_IMAGE_NOT_FOUND')
    image(uploaded, shared(12), revoked([12], 'requested'))
      .when((present) => revokeShare(present, { ...OWNER, shareId: 12 }))
      .thenRefused(assert, 'E_SHARE_NOT_FOUND')
  })

  test('they end with the image, for good', ({ assert }) => {
    const data = removalData(uploadData(7))
    image(uploaded, shared(12), shared(13))
      .when((present) => deleteImage(present, OWNER))
      .then(assert, revoked([12, 13], 'image_deleted'), { type: 'image.deleted', data })
    image(
      uploaded,
      shared(12),
      revoked([12], 'image_deleted'),
      { type: 'image.deleted', data },
      { type: 'image.restored', data }
    )
      .when((present) => revokeShares(present, 'owner_frozen'))
      .then(assert)
  })

  test('a moderator’s rejection and the image’s end end them too', ({ assert }) => {
    const ended = (reason: 'image_rejected' | 'image_expired'): ImageEvent => ({
      type: 'image.shares_revoked',
      data: { image_id: 7, share_ids: [12], reason },
    })
    image(uploaded, shared(12))
      .when((present) => rejectImage(present, null))
      .then(assert, ended('image_rejected'), {
        type: 'image.rejected',
        data: { image_id: 7, from: 'approved', reason: null },
      })
    image(uploaded, shared(12))
      .when((present) => expireImage(present, LATER))
      .then(assert, ended('image_expired'), {
        type: 'image.expired',
        data: removalData(uploadData(7)),
      })
  })
})
