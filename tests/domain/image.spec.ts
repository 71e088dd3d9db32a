import { test } from '@japa/runner'
import {
  approveImage,
  approvePendingImage,
  changeImage,
  deleteImage,
  expireImage,
  recordThumbnail,
  recordThumbnailFailure,
  rejectImage,
  rejectPendingImage,
  purgeImage,
  moveObject,
  restoreImage,
  uploadImage,
} from '#domain/image/decide'
import type { ImageEvent } from '#domain/image/events'
import { namedObject } from '#domain/image/named_object'
import { evolveImage } from '#domain/image/state'
import { removalData, uploadData } from '#tests/helpers/events'
import { given } from './given.ts'

const OWNER = { requesterId: 1, isAdmin: false }
const STRANGER = { requesterId: 2, isAdmin: false }
const ADMIN = { requesterId: 9, isAdmin: true }
const NOON = '2026-06-01T12:00:00.000Z'
const LATER = '2026-06-01T12:00:01.000Z'

const upload = (changes = {}): ImageEvent => ({
  type: 'image.uploaded',
  data: uploadData(7, changes),
})
const removal = removalData(uploadData(7))
const deleted: ImageEvent = { type: 'image.deleted', data: removal }
const image = (...history: ImageEvent[]) => given(evolveImage, ...history)
const thumbnail = {
  objectKey: 'thumbnails/7.webp',
  mimetype: 'image/webp',
  sizeBytes: 5,
  width: 4,
  height: 3,
  thumbhash: '3OcRJYB4d3h/iIeHeEh3eIhw+j2w',
}

const held: ImageEvent = { type: 'image.held_for_moderation', data: { image_id: 7 } }
const approved: ImageEvent = { type: 'image.approved', data: { image_id: 7, from: 'pending' } }
const rejected: ImageEvent = {
  type: 'image.rejected',
  data: { image_id: 7, from: 'pending', reason: 'Not ours' },
}

test.group('Domain | moderation', () => {
  test('a held upload waits', ({ assert }) => {
    image()
      .when(() => uploadImage(uploadData(7), { held: true }))
      .then(assert, upload(), held)
    image()
      .when(() => uploadImage(uploadData(7), { held: false }))
      .then(assert, upload())
  })

  test('it is approved, rejected with a reason, and approved after all', ({ assert }) => {
    image(upload(), held).when(approveImage).then(assert, approved)
    image(upload(), held)
      .when((state) => rejectImage(state, 'Not ours'))
      .then(assert, rejected)
    image(upload(), held, rejected)
      .when(approveImage)
      .then(assert, { type: 'image.approved', data: { image_id: 7, from: 'rejected' } })
    image(upload())
      .when((state) => rejectImage(state, null))
      .then(assert, {
        type: 'image.rejected',
        data: { image_id: 7, from: 'approved', reason: null },
      })
  })

  test('what is decided already is not decided again', ({ assert }) => {
    image(upload(), held, approved).when(approveImage).then(assert)
    image(upload(), held, rejected)
      .when((state) => rejectImage(state, 'Another reason'))
      .then(assert)
    image(upload(), held, rejected).when(approvePendingImage).then(assert)
    image(upload(), held, approved)
      .when((state) => rejectPendingImage(state, 'x'))
      .then(assert)
    image(upload(), held, deleted).when(approveImage).thenRefused(assert, 'E_IMAGE_NOT_FOUND')
    image(upload(), held, deleted).when(approvePendingImage).then(assert)
  })
})

test.group('Domain | undo', () => {
  const restored: ImageEvent = { type: 'image.restored', data: removal }
  const purged: ImageEvent = { type: 'image.purged', data: removal }

  test('a deleted image comes back, to its owner or an administrator', ({ assert }) => {
    for (const requester of [OWNER, ADMIN]) {
      image(upload(), deleted)
        .when((state) => restoreImage(state, requester, NOON))
        .then(assert, restored)
    }
    image(upload(), deleted)
      .when((state) => restoreImage(state, STRANGER, NOON))
      .thenRefused(assert, 'E_IMAGE_NOT_FOUND')
    image(upload(), deleted, restored)
      .when((state) => deleteImage(state, OWNER))
      .then(assert, deleted)
  })

  test('one that is there, purged, or past its time does not', ({ assert }) => {
    for (const history of [
      [upload()],
      [upload(), deleted, purged],
      [upload({ expires_at: NOON }), deleted],
    ]) {
      image(...history)
        .when((state) => restoreImage(state, OWNER, NOON))
        .thenRefused(assert, 'E_IMAGE_NOT_FOUND')
    }
  })

  test('it is purged once', ({ assert }) => {
    image(upload(), deleted).when(purgeImage).then(assert, purged)
    image(upload()).when(purgeImage).then(assert)
    image(upload(), deleted, purged).when(purgeImage).then(assert)
  })
})

test.group('Domain | where the bytes lie', () => {
  const purged: ImageEvent = { type: 'image.purged', data: removal }
  const move = { fromStrategyId: 1, toStrategyId: 2, objectKey: 'x/y.jpg', namesObject: true }
  const moved = {
    type: 'image.object_moved' as const,
    data: {
      image_id: 7,
      sha256: uploadData(7).sha256,
      from_strategy_id: 1,
      from_object_key: removal.object_key,
      to_strategy_id: 2,
      to_object_key: 'x/y.jpg',
      names_object: true,
    },
  }

  test('an image that is there, or can be restored, is moved, once', ({ assert }) => {
    for (const history of [[upload()], [upload(), deleted]]) {
      image(...history)
        .when((state) => moveObject(state, move))
        .then(assert, moved)
    }
    for (const history of [[upload(), moved], [upload(), deleted, purged], []]) {
      image(...history)
        .when((state) => moveObject(state, move))
        .then(assert)
    }
  })

  test('what ends later gives back where it lies then', ({ assert }) => {
    image(upload(), moved)
      .when((state) => deleteImage(state, OWNER))
      .then(assert, {
        type: 'image.deleted',
        data: { ...removal, strategy_id: 2, object_key: 'x/y.jpg' },
      })
  })

  test('its history tells which object it has named in a strategy', ({ assert }) => {
    const shared = { ...moved, data: { ...moved.data, names_object: false } }
    assert.equal(namedObject([upload()], 1), removal.object_key)
    assert.isNull(namedObject([upload()], 2))
    assert.isNull(namedObject([upload({ names_object: false })], 1))
    assert.equal(namedObject([upload(), moved], 1), removal.object_key)
    assert.equal(namedObject([upload(), moved], 2), 'x/y.jpg')
    assert.isNull(namedObject([upload(), shared], 2))
  })
})

test.group('Domain | image', () => {
  test('its owner changes where it is, who sees it and how long it stays, in one decision', ({
    assert,
  }) => {
    image(upload())
      .when((state) => changeImage(state, { ...OWNER, albumId: 3, permission: 0, expiresAt: NOON }))
      .then(
        assert,
        {
          type: 'image.moved_to_album',
          data: { image_id: 7, owner_id: 1, from_album_id: null, to_album_id: 3 },
        },
        { type: 'image.permission_changed', data: { image_id: 7, from: 1, to: 0 } },
        { type: 'image.expiry_changed', data: { image_id: 7, from: null, to: NOON } }
      )
  })

  test('what stays as it is has not happened', ({ assert }) => {
    image(upload({ album_id: 3, expires_at: NOON }))
      .when((state) => changeImage(state, { ...OWNER, albumId: 3, permission: 1, expiresAt: NOON }))
      .then(assert)
    image(upload({ album_id: 3 }))
      .when((state) => changeImage(state, OWNER))
      .then(assert)
  })

  test('null takes it out of its album and keeps it for ever', ({ assert }) => {
    image(upload({ album_id: 3, expires_at: NOON }))
      .when((state) => changeImage(state, { ...OWNER, albumId: null, expiresAt: null }))
      .then(
        assert,
        {
          type: 'image.moved_to_album',
          data: { image_id: 7, owner_id: 1, from_album_id: 3, to_album_id: null },
        },
        { type: 'image.expiry_changed', data: { image_id: 7, from: NOON, to: null } }
      )
  })

  test('a stranger is told that it does not exist; an administrator may', ({ assert }) => {
    image(upload())
      .when((state) => changeImage(state, { ...STRANGER, permission: 0 }))
      .thenRefused(assert, 'E_IMAGE_NOT_FOUND')
    image(upload())
      .when((state) => deleteImage(state, STRANGER))
      .thenRefused(assert, 'E_IMAGE_NOT_FOUND')
    image(upload())
      .when((state) => deleteImage(state, ADMIN))
      .then(assert, deleted)
  })

  test('nobody owns a visitor’s image', ({ assert }) => {
    image(upload({ owner_id: null }))
      .when((state) => deleteImage(state, { requesterId: null, isAdmin: false }))
      .thenRefused(assert, 'E_IMAGE_NOT_FOUND')
  })

  test('it is deleted once', ({ assert }) => {
    image(upload())
      .when((state) => deleteImage(state, OWNER))
      .then(assert, deleted)
    image(upload(), deleted)
      .when((state) => deleteImage(state, OWNER))
      .thenRefused(assert, 'E_IMAGE_NOT_FOUND')
    image()
      .when((state) => deleteImage(state, OWNER))
      .thenRefused(assert, 'E_IMAGE_NOT_FOUND')
  })

  test('what is given back at the end is what it had at the end', ({ assert }) => {
    image(upload(), {
      type: 'image.moved_to_album',
      data: { image_id: 7, owner_id: 1, from_album_id: null, to_album_id: 3 },
    })
      .when((state) => deleteImage(state, OWNER))
      .then(assert, { type: 'image.deleted', data: { ...removal, album_id: 3 } })
  })

  test('it expires when its time has come, not before, and once', ({ assert }) => {
    const expired: ImageEvent = { type: 'image.expired', data: removal }
    const timed = upload({ expires_at: NOON })
    image(timed)
      .when((state) => expireImage(state, NOON))
      .then(assert, expired)
    image(timed)
      .when((state) => expireImage(state, LATER))
      .then(assert, expired)
    image(timed)
      .when((state) => expireImage(state, '2026-06-01T11:59:59.999Z'))
      .then(assert)
    image(timed, expired)
      .when((state) => expireImage(state, LATER))
      .then(assert)
    image(timed, deleted)
      .when((state) => expireImage(state, LATER))
      .then(assert)
    image(upload())
      .when((state) => expireImage(state, LATER))
      .then(assert)
    image(timed, { type: 'image.expiry_changed', data: { image_id: 7, from: NOON, to: null } })
      .when((state) => expireImage(state, LATER))
      .then(assert)
  })

  test('it has one thumbnail; one that failed may still be made', ({ assert }) => {
    const generated = {
      type: 'image.thumbnail_generated' as const,
      data: {
        image_id: 7,
        md5: uploadData(7).md5,
        object_key: 'thumbnails/7.webp',
        mimetype: 'image/webp',
        size_bytes: 5,
        width: 4,
        height: 3,
        thumbhash: '3OcRJYB4d3h/iIeHeEh3eIhw+j2w',
      },
    }
    const failed: ImageEvent = {
      type: 'image.thumbnail_failed',
      data: { image_id: 7, reason: 'damaged' },
    }
    image(upload())
      .when((state) => recordThumbnail(state, thumbnail))
      .then(assert, generated)
    const before: ImageEvent = {
      type: 'image.thumbnail_generated',
      data: { ...generated.data, thumbhash: null },
    }
    image(upload(), before)
      .when((state) => recordThumbnail(state, thumbnail))
      .then(assert, generated)
    image(upload(), failed)
      .when((state) => recordThumbnail(state, thumbnail))
      .then(assert, generated)
    image(upload(), generated)
      .when((state) => recordThumbnail(state, thumbnail))
      .then(assert)
    image(upload(), deleted)
      .when((state) => recordThumbnail(state, thumbnail))
      .then(assert)
    image(upload())
      .when((state) => recordThumbnailFailure(state, 'damaged'))
      .then(assert, failed)
    image(upload(), generated)
      .when((state) => recordThumbnailFailure(state, 'damaged'))
      .then(assert)
    image(upload(), failed)
      .when((state) => recordThumbnailFailure(state, 'again'))
      .then(assert)
  })
})
