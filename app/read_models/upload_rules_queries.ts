import db from '@adonisjs/lucid/services/db'
import type { Json } from '#domain/event_definition'
import type { BigintColumn } from './columns.ts'
import type { StrategyView } from './views.ts'

/** What a group lets its members do when they upload. */
export interface UploadRules {
  /** Where they may store, the group's choice first. */
  strategies: StrategyView[]
  maxFileBytes: number
}

/** 50 MB: what holds where a group says nothing. */
export const DEFAULT_MAX_FILE_BYTES = 50 * 1024 * 1024

interface StrategyRow {
  strategy_id: BigintColumn
  configs: { root: string }
}

interface RulesRow extends StrategyRow {
  group_configs: Record<string, Json>
}

/** The rules of a group; nobody may store anything in a group that does not exist. */
export async function findUploadRules(groupId: number): Promise<UploadRules> {
  const rows: RulesRow[] = await db
    .query<RulesRow>()
    .from('read.groups as g')
    .joinRaw('cross join unnest(g.strategy_ids) with ordinality as allowed (id, place)')
    .join('read.strategies as s', 's.strategy_id', 'allowed.id')
    .select('s.strategy_id', 's.configs', 'g.configs as group_configs')
    .where('g.group_id', groupId)
    .orderBy('allowed.place')
  const { maximum_file_size: maximum, default_strategy_id: preferred } =
    rows[0]?.group_configs ?? {}
  const isPreferred = ({ id }: StrategyView) => Number(id === preferred)
  return {
    strategies: rows.map(strategyView).toSorted((a, b) => isPreferred(b) - isPreferred(a)),
    maxFileBytes: typeof maximum === 'number' && maximum > 0 ? maximum : DEFAULT_MAX_FILE_BYTES,
  }
}

export async function listStrategies(): Promise<StrategyView[]> {
  const rows = await db.query<StrategyRow>().from('read.strategies').orderBy('strategy_id')
  return rows.map(strategyView)
}

function strategyView(row: StrategyRow): StrategyView {
  return { id: Number(row.strategy_id), configs: row.configs }
}
