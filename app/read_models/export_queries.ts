import db from '@adonisjs/lucid/services/db'
import { optionalMoment, optionalNumber, type BigintColumn } from './columns.ts'
import type { ExportView } from './views.ts'

interface ExportRow {
  state: ExportView['state']
  requested_at: Date
  made_at: Date | null
  strategy_id: BigintColumn | null
  object_key: string | null
  size_bytes: BigintColumn | null
  expires_at: Date | null
}

/** The archive that an account has asked for; `null` when it has asked for none, or it is gone. */
export async function findExport(accountId: number): Promise<ExportView | null> {
  const row: ExportRow | null = await db.from('read.exports').where('account_id', accountId).first()
  return row && exportView(row)
}

function exportView(row: ExportRow): ExportView {
  return {
    state: row.state,
    requestedAt: row.requested_at.toISOString(),
    madeAt: optionalMoment(row.made_at),
    strategyId: optionalNumber(row.strategy_id),
    objectKey: row.object_key,
    sizeBytes: optionalNumber(row.size_bytes),
    expiresAt: optionalMoment(row.expires_at),
  }
}
