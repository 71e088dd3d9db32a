import { defineProjection } from './projection.ts'

export type ShareRow = {
  share_id: number
  image_id: number
  owner_id: number | null
  expires_at: string
  max_views: number | null
  views: number
  last_viewed_at: string | null
  created_at: string
}

/** The links that images are shared by, until they are revoked; also expired ones. */
export const shares = defineProjection<ShareRow>({
  name: 'shares',
  version: 1,
  table: {
    columns: {
      share_id: 'bigint not null',
      image_id: 'bigint not null',
      owner_id: 'bigint',
      expires_at: 'timestamptz(3) not null',
      max_views: 'bigint',
      views: 'bigint not null',
      last_viewed_at: 'timestamptz(3)',
      created_at: 'timestamptz(3) not null',
    },
    key: 'share_id',
    indexes: {
      image: { on: '(image_id, share_id)' },
      owner: { on: '(owner_id, share_id)', where: 'owner_id is not null' },
    },
  },

  keys(event) {
    switch (event.type) {
      case 'image.shared':
      case 'share.viewed':
        return [event.data.share_id]
      case 'image.shares_revoked':
        return event.data.share_ids
      default:
        return []
    }
  },

  concerns: (row) => row.owner_id,

  apply(rows, event) {
    switch (event.type) {
      case 'image.shared': {
        const { data } = event
        return rows.put({
          share_id: data.share_id,
          image_id: data.image_id,
          owner_id: data.owner_id,
          expires_at: data.expires_at,
          max_views: data.max_views,
          views: 0,
          last_viewed_at: null,
          created_at: event.recordedAt,
        })
      }
      case 'share.viewed': {
        const row = rows.get(event.data.share_id)
        if (row !== undefined) {
          const views = row.views + event.data.views
          rows.put({ ...row, views, last_viewed_at: event.recordedAt })
        }
        return
      }
      case 'image.shares_revoked':
        event.data.share_ids.forEach((shareId) => rows.remove(shareId))
    }
  },
})
