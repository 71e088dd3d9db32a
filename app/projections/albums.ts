import type { RecordedFact } from '#event_store/port'
import { defineProjection } from './projection.ts'

export type AlbumRow = {
  album_id: number
  owner_id: number
  name: string
  intro: string
  image_num: number
  created_at: string
  updated_at: string
}

/** Stands for the words of a forgotten person, until the event that ends their album is reached. */
const FORGOTTEN = ''

/** How an event changes the number of images in each album it concerns. */
function imageCounts(event: RecordedFact): Array<[albumId: number, delta: number]> {
  const counts: Array<[number | null, number]> = []
  switch (event.type) {
    case 'image.uploaded':
    case 'image.restored':
      counts.push([event.data.album_id, 1])
      break
    case 'image.deleted':
    case 'image.expired':
      counts.push([event.data.album_id, -1])
      break
    case 'image.moved_to_album':
      counts.push([event.data.from_album_id, -1], [event.data.to_album_id, 1])
      break
  }
  return counts.filter((count): count is [number, number] => count[0] !== null)
}

/** Albums with the number of their images. A deleted album has no row; its images stay. */
export const albums = defineProjection<AlbumRow>({
  name: 'albums',
  version: 1,
  table: {
    columns: {
      album_id: 'bigint not null',
      owner_id: 'bigint not null',
      name: 'text not null',
      intro: 'text not null',
      image_num: 'integer not null',
      created_at: 'timestamptz(3) not null',
      updated_at: 'timestamptz(3) not null',
    },
    key: 'album_id',
    indexes: { owner: { on: '(owner_id, created_at desc, album_id desc)' } },
  },

  keys(event) {
    switch (event.type) {
      case 'album.created':
      case 'album.changed':
      case 'album.deleted':
        return [event.data.album_id]
      default:
        return imageCounts(event).map(([albumId]) => albumId)
    }
  },

  concerns: (row) => row.owner_id,

  apply(rows, event) {
    switch (event.type) {
      case 'album.created':
        return rows.put({
          album_id: event.data.album_id,
          owner_id: event.data.owner_id,
          name: event.data.name ?? FORGOTTEN,
          intro: event.data.intro ?? FORGOTTEN,
          image_num: 0,
          created_at: event.recordedAt,
          updated_at: event.recordedAt,
        })
      case 'album.changed': {
        const row = rows.get(event.data.album_id)
        if (row !== undefined) {
          const { name, intro } = event.data
          rows.put({
            ...row,
            name: name ?? FORGOTTEN,
            intro: intro ?? FORGOTTEN,
            updated_at: event.recordedAt,
          })
        }
        return
      }
      case 'album.deleted':
        return rows.remove(event.data.album_id)
      default:
        for (const [albumId, delta] of imageCounts(event)) {
          const row = rows.get(albumId)
          if (row !== undefined) {
            rows.put({ ...row, image_num: row.image_num + delta })
          }
        }
    }
  },
})
