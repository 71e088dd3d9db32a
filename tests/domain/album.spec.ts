import { test } from '@japa/runner'
import { changeAlbum, deleteAlbum, requireAlbumOf } from '#domain/album/decide'
import type { AlbumEvent } from '#domain/album/events'
import { evolveAlbum } from '#domain/album/state'
import { given } from './given.ts'

const OWNER = { requesterId: 1, isAdmin: false }
const STRANGER = { requesterId: 2, isAdmin: false }
const created: AlbumEvent = {
  type: 'album.created',
  data: { album_id: 3, owner_id: 1, name: 'Holidays', intro: 'By the sea' },
}
const deleted: AlbumEvent = { type: 'album.deleted', data: { album_id: 3, owner_id: 1 } }
const album = (...history: AlbumEvent[]) => given(evolveAlbum, ...history)

test.group('Domain | album', () => {
  test('what is not said stays', ({ assert }) => {
    album(created)
      .when((state) => changeAlbum(state, { ...OWNER, name: 'Winter' }))
      .then(assert, {
        type: 'album.changed',
        data: { album_id: 3, owner_id: 1, name: 'Winter', intro: 'By the sea' },
      })
    album(created)
      .when((state) => changeAlbum(state, { ...OWNER, name: 'Holidays' }))
      .then(assert)
  })

  test('only its owner and administrators change it', ({ assert }) => {
    album(created)
      .when((state) => changeAlbum(state, { ...STRANGER, name: 'Mine' }))
      .thenRefused(assert, 'E_ALBUM_NOT_FOUND')
    album(created)
      .when((state) => deleteAlbum(state, STRANGER))
      .thenRefused(assert, 'E_ALBUM_NOT_FOUND')
    album(created)
      .when((state) => deleteAlbum(state, { requesterId: 9, isAdmin: true }))
      .then(assert, deleted)
  })

  test('a deleted album is gone', ({ assert }) => {
    album(created, deleted)
      .when((state) => deleteAlbum(state, OWNER))
      .thenRefused(assert, 'E_ALBUM_NOT_FOUND')
    album(created, deleted)
      .when((state) => changeAlbum(state, { ...OWNER, name: 'Again' }))
      .thenRefused(assert, 'E_ALBUM_NOT_FOUND')
  })

  test('an image goes into an album of its own owner only', ({ assert }) => {
    const state = evolveAlbum(null, created)
    assert.equal(requireAlbumOf(state, 1).albumId, 3)
    assert.throws(() => requireAlbumOf(state, 2), 'Album not found')
    assert.throws(() => requireAlbumOf(state, null), 'Album not found')
    assert.throws(() => requireAlbumOf(null, 1), 'Album not found')
    assert.throws(() => requireAlbumOf(evolveAlbum(state, deleted), 1), 'Album not found')
  })
})
