import db from '@adonisjs/lucid/services/db'
import { optionalMoment, type BigintColumn } from './columns.ts'
import type { ImageImportView } from './views.ts'

interface ImageImportRow {
  import_id: BigintColumn
  owner_id: BigintColumn
  status: 'pending' | 'completed' | 'failed'
  key: string | null
  code: string | null
  created_at: Date
  settled_at: Date | null
}

export async function findImageImport(importId: number): Promise<ImageImportView | null> {
  const row: ImageImportRow | null = await db
    .from('read.image_imports')
    .where('import_id', importId)
    .first()
  return row && imageImportView(row)
}

function imageImportView(row: ImageImportRow): ImageImportView {
  return {
    importId: Number(row.import_id),
    ownerId: Number(row.owner_id),
    status: row.status,
    key: row.key,
    code: row.code,
    createdAt: row.created_at.toISOString(),
    settledAt: optionalMoment(row.settled_at),
  }
}
