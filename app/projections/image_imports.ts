import { defineProjection } from './projection.ts'

export type ImageImportRow = {
  import_id: number
  owner_id: number
  status: 'pending' | 'completed' | 'failed'
  key: string | null
  code: string | null
  created_at: string
  settled_at: string | null
}

/** What became of the images that were to be fetched; where they were to come from only the log knows. */
export const imageImports = defineProjection<ImageImportRow>({
  name: 'image_imports',
  version: 1,
  table: {
    columns: {
      import_id: 'bigint not null',
      owner_id: 'bigint not null',
      status: 'text not null',
      key: 'text',
      code: 'text',
      created_at: 'timestamptz(3) not null',
      settled_at: 'timestamptz(3)',
    },
    key: 'import_id',
    indexes: {},
  },

  keys: (event) => ('import_id' in event.data ? [event.data.import_id] : []),

  concerns: (row) => row.owner_id,

  apply(rows, event) {
    if (event.type === 'image_import.requested') {
      return rows.put({
        import_id: event.data.import_id,
        owner_id: event.data.owner_id,
        status: 'pending',
        key: null,
        code: null,
        created_at: event.recordedAt,
        settled_at: null,
      })
    }
    const row = 'import_id' in event.data ? rows.get(event.data.import_id) : undefined
    if (row === undefined) {
      return
    }
    const settled = { ...row, settled_at: event.recordedAt }
    switch (event.type) {
      case 'image_import.completed':
        return rows.put({ ...settled, status: 'completed', key: event.data.key })
      case 'image_import.failed':
        return rows.put({ ...settled, status: 'failed', code: event.data.code })
    }
  },
})
