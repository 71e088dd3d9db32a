import type { AlbumEvent } from './events.ts'

export interface Album {
  albumId: number
  ownerId: number
  name: string | null
  intro: string | null
  deleted: boolean
}

/** The album after one more event; `null` stands for an album that was never made. */
export function evolveAlbum(album: Album | null, event: AlbumEvent): Album | null {
  if (event.type === 'album.created') {
    return {
      albumId: event.data.album_id,
      ownerId: event.data.owner_id,
      name: event.data.name,
      intro: event.data.intro,
      deleted: false,
    }
  }
  if (album === null) {
    return null
  }
  switch (event.type) {
    case 'album.changed':
      return { ...album, name: event.data.name, intro: event.data.intro }
    case 'album.deleted':
      return { ...album, deleted: true }
  }
}
