import type { EventData } from '../catalogue.ts'
import { DomainError } from '../domain_error.ts'
import type { Requester } from '../requester.ts'
import type { AlbumEvent } from './events.ts'
import type { Album } from './state.ts'

export interface ChangeAlbum extends Requester {
  name?: string
  intro?: string
}

export function createAlbum(album: EventData<'album.created'>): AlbumEvent[] {
  return [{ type: 'album.created', data: album }]
}

/** @throws DomainError E_ALBUM_NOT_FOUND, also for an album that the requester may not change. */
export function changeAlbum(album: Album | null, command: ChangeAlbum): AlbumEvent[] {
  const present = requireChangeable(album, command)
  const name = command.name ?? present.name
  const intro = command.intro ?? present.intro
  if (name === present.name && intro === present.intro) {
    return []
  }
  const { albumId, ownerId } = present
  return [{ type: 'album.changed', data: { album_id: albumId, owner_id: ownerId, name, intro } }]
}

/** @throws DomainError E_ALBUM_NOT_FOUND, also for an album that the requester may not delete. */
export function deleteAlbum(album: Album | null, requester: Requester): AlbumEvent[] {
  const { albumId, ownerId } = requireChangeable(album, requester)
  return [{ type: 'album.deleted', data: { album_id: albumId, owner_id: ownerId } }]
}

/**
 * Checks that an image of `ownerId` may be put into the album.
 *
 * @throws DomainError E_ALBUM_NOT_FOUND, also for somebody else's album.
 */
export function requireAlbumOf(album: Album | null, ownerId: number | null): Album {
  if (album === null || album.deleted || album.ownerId !== ownerId) {
    throw new DomainError('E_ALBUM_NOT_FOUND', 'Album not found')
  }
  return album
}

function requireChangeable(album: Album | null, { requesterId, isAdmin }: Requester): Album {
  if (album === null || album.deleted || !(album.ownerId === requesterId || isAdmin)) {
    throw new DomainError('E_ALBUM_NOT_FOUND', 'Album not found')
  }
  return album
}
