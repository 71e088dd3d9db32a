import db from '@adonisjs/lucid/services/db'
import type { Json } from '#domain/event_definition'
import { STRATEGY_COLUMNS, strategyOfRow, type StrategyColumns } from './strategy_columns.ts'
import { uploadRulesOf, type UploadRules } from './upload_rules.ts'
import { groupProcessingOf } from './group_processing.ts'
import type { ImageProcessingChange } from './user_settings.ts'
import type { StrategyView } from './views.ts'

/** A group's rules, and where its members may store, the group's choice first. */
export interface GroupRules {
  rules: UploadRules
  strategies: StrategyView[]
  /** What the group says of processing. */
  processing: ImageProcessingChange
}

type RulesRow = Partial<StrategyColumns> & { group_configs: Record<string, Json> }

const GROUP_RULES = `
  select ${STRATEGY_COLUMNS.join(', ')}, g.configs as group_configs
  from read.groups as g
  left join lateral unnest(g.strategy_ids) with ordinality as allowed (id, place) on true
  left join read.strategies as s on s.strategy_id = allowed.id
  where case when :groupId::bigint is null then g.is_guest else g.group_id = :groupId end
  order by allowed.place`

export async function listStrategies(): Promise<StrategyView[]> {
  const rows = await db
    .query<StrategyColumns>()
    .from('read.strategies as s')
    .select(...STRATEGY_COLUMNS)
    .orderBy('s.strategy_id')
  return rows.map(strategyOfRow)
}

/** The rules of a group, that of visitors for `null`; nobody may store anything in a group that does not exist. */
export async function findGroupRules(groupId: number | null): Promise<GroupRules> {
  const { rows }: { rows: RulesRow[] } = await db.rawQuery(GROUP_RULES, { groupId })
  const configs = rows[0]?.group_configs ?? {}
  const rules = uploadRulesOf(configs)
  const isPreferred = ({ id }: StrategyView) => Number(id === rules.preferredStrategyId)
  return {
    rules,
    strategies: rows
      .filter(hasStrategy)
      .map(strategyOfRow)
      .toSorted((a, b) => isPreferred(b) - isPreferred(a)),
    processing: groupProcessingOf(configs),
  }
}

function hasStrategy(row: RulesRow): row is RulesRow & StrategyColumns {
  return (row.strategy_id ?? null) !== null
}
