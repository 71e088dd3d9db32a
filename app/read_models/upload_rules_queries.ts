import db from '@adonisjs/lucid/services/db'
import type { Json } from '#domain/event_definition'
import type { BigintColumn } from './columns.ts'

/** What a group lets its members do when they upload. */
export interface UploadRules {
  /** Where they may store, in order of preference. */
  strategyIds: number[]
  maxFileBytes: number
}

/** 50 MB: what holds where a group says nothing. */
export const DEFAULT_MAX_FILE_BYTES = 50 * 1024 * 1024

interface GroupRow {
  configs: Record<string, Json>
  strategy_ids: BigintColumn[]
}

/** The rules of a group; nobody may store anything in a group that does not exist. */
export async function findUploadRules(groupId: number): Promise<UploadRules> {
  const row: GroupRow | null = await db.from('read.groups').where('group_id', groupId).first()
  const { maximum_file_size: maximum, default_strategy_id: preferred } = row?.configs ?? {}
  const strategyIds = (row?.strategy_ids ?? []).map(Number)
  return {
    strategyIds: strategyIds.toSorted((a, b) => Number(b === preferred) - Number(a === preferred)),
    maxFileBytes: typeof maximum === 'number' && maximum > 0 ? maximum : DEFAULT_MAX_FILE_BYTES,
  }
}
