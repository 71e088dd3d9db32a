import db from '@adonisjs/lucid/services/db'
import type { Json } from '#domain/event_definition'
import { accountBytesScope, guestBytesScope } from '#domain/guards'
import type { BigintColumn } from './columns.ts'
import { STRATEGY_COLUMNS, strategyOfRow, type StrategyColumns } from './strategy_columns.ts'
import { uploadRulesOf, type UploadRules } from './upload_rules.ts'
import { groupProcessingOf } from './group_processing.ts'
import type { ImageProcessingChange } from './user_settings.ts'
import type { StrategyView } from './views.ts'

/** A group's rules, and where its members may store, the group's choice first. */
export interface GroupUploadRules {
  rules: UploadRules
  strategies: StrategyView[]
  /** What the group says of processing. */
  processing: ImageProcessingChange
}

interface RulesRow extends StrategyColumns {
  group_configs: Record<string, Json>
}

/** The rules of a group; nobody may store anything in a group that does not exist. */
export async function findUploadRules(groupId: number): Promise<GroupUploadRules> {
  return rulesOf(await groupStrategies().where('g.group_id', groupId))
}

/** The rules of the group that visitors belong to. */
export async function findGuestUploadRules(): Promise<GroupUploadRules> {
  return rulesOf(await groupStrategies().where('g.is_guest', true))
}

/** What the images of an account, or of all visitors (`null`), weigh together, to the byte: the sum that bounds uploads. */
export async function findUsedBytes(ownerId: number | null): Promise<number> {
  const scope = ownerId === null ? guestBytesScope : accountBytesScope(ownerId)
  const row: { used: BigintColumn } | null = await db
    .from('log.budgets')
    .where('scope', scope)
    .select('used')
    .first()
  return Number(row?.used ?? 0)
}

export async function listStrategies(): Promise<StrategyView[]> {
  const rows = await db
    .query<StrategyColumns>()
    .from('read.strategies as s')
    .select(...STRATEGY_COLUMNS)
    .orderBy('s.strategy_id')
  return rows.map(strategyOfRow)
}

function groupStrategies() {
  return db
    .query<RulesRow>()
    .from('read.groups as g')
    .joinRaw('cross join unnest(g.strategy_ids) with ordinality as allowed (id, place)')
    .join('read.strategies as s', 's.strategy_id', 'allowed.id')
    .select(...STRATEGY_COLUMNS, 'g.configs as group_configs')
    .orderBy('allowed.place')
}

function rulesOf(rows: RulesRow[]): GroupUploadRules {
  const configs = rows[0]?.group_configs ?? {}
  const rules = uploadRulesOf(configs)
  const isPreferred = ({ id }: StrategyView) => Number(id === rules.preferredStrategyId)
  return {
    rules,
    strategies: rows.map(strategyOfRow).toSorted((a, b) => isPreferred(b) - isPreferred(a)),
    processing: groupProcessingOf(configs),
  }
}
