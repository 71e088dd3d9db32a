import { defineProjection } from './projection.ts'

export type ExportRow = {
  account_id: number
  state: 'pending' | 'ready' | 'failed'
  requested_at: string
  made_at: string | null
  strategy_id: number | null
  object_key: string | null
  size_bytes: number | null
  expires_at: string | null
}

/** The archive that each person has asked for, if any. */
export const accountExports = defineProjection<ExportRow>({
  name: 'exports',
  version: 1,
  table: {
    columns: {
      account_id: 'bigint not null',
      state: 'text not null',
      requested_at: 'timestamptz(3) not null',
      made_at: 'timestamptz(3)',
      strategy_id: 'bigint',
      object_key: 'text',
      size_bytes: 'bigint',
      expires_at: 'timestamptz(3)',
    },
    key: 'account_id',
    indexes: { expires_at: { on: '(expires_at)', where: 'expires_at is not null' } },
  },

  keys(event) {
    switch (event.type) {
      case 'account.export_requested':
      case 'account.export_made':
      case 'account.export_failed':
      case 'account.export_withdrawn':
      case 'account.deleted':
        return [event.data.account_id]
      default:
        return []
    }
  },

  concerns: (row) => row.account_id,

  apply(rows, event) {
    switch (event.type) {
      case 'account.export_requested':
        return rows.put({
          account_id: event.data.account_id,
          state: 'pending',
          requested_at: event.recordedAt,
          made_at: null,
          strategy_id: null,
          object_key: null,
          size_bytes: null,
          expires_at: null,
        })
      case 'account.export_made': {
        const row = rows.get(event.data.account_id)
        if (row !== undefined) {
          rows.put({
            ...row,
            state: 'ready',
            made_at: event.recordedAt,
            strategy_id: event.data.strategy_id,
            object_key: event.data.object_key,
            size_bytes: event.data.size_bytes,
            expires_at: event.data.expires_at,
          })
        }
        return
      }
      case 'account.export_failed': {
        const row = rows.get(event.data.account_id)
        if (row !== undefined) {
          rows.put({ ...row, state: 'failed' })
        }
        return
      }
      case 'account.export_withdrawn':
      case 'account.deleted':
        return rows.remove(event.data.account_id)
    }
  },
})
