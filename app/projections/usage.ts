import type { RecordedFact } from '#event_store/port'
import { defineProjection } from './projection.ts'

export type UsageRow = {
  account_id: number
  used_bytes: number
  image_num: number
  album_num: number
}

/** Visitors' uploads are counted together, under an id that no account has. */
export const GUESTS = 0

interface Change {
  account_id: number
  bytes: number
  images: number
  albums: number
}

function changeOf(event: RecordedFact): Change | null {
  const none = { bytes: 0, images: 0, albums: 0 }
  switch (event.type) {
    case 'account.registered':
      return { ...none, account_id: event.data.account_id }
    case 'image.uploaded':
    case 'image.restored': {
      const { data } = event
      return { ...none, account_id: data.owner_id ?? GUESTS, bytes: data.size_bytes, images: 1 }
    }
    case 'image.deleted':
    case 'image.expired': {
      const { data } = event
      return { ...none, account_id: data.owner_id ?? GUESTS, bytes: -data.size_bytes, images: -1 }
    }
    case 'album.created':
      return { ...none, account_id: event.data.owner_id, albums: 1 }
    case 'album.deleted':
      return { ...none, account_id: event.data.owner_id, albums: -1 }
    default:
      return null
  }
}

/** What each account holds. */
export const usage = defineProjection<UsageRow>({
  name: 'usage',
  version: 1,
  table: {
    columns: {
      account_id: 'bigint not null',
      used_bytes: 'bigint not null',
      image_num: 'integer not null',
      album_num: 'integer not null',
    },
    key: 'account_id',
    indexes: {},
  },

  keys(event) {
    const change = changeOf(event)
    return change === null ? [] : [change.account_id]
  },

  concerns: (row) => (row.account_id === GUESTS ? null : row.account_id),

  apply(rows, event) {
    const change = changeOf(event)
    if (change === null) {
      return
    }
    const row = rows.get(change.account_id)
    rows.put({
      account_id: change.account_id,
      used_bytes: (row?.used_bytes ?? 0) + change.bytes,
      image_num: (row?.image_num ?? 0) + change.images,
      album_num: (row?.album_num ?? 0) + change.albums,
    })
  },
})
