import db from '@adonisjs/lucid/services/db'
import type { Json } from '#domain/event_definition'
import { accountBytesScope, guestBytesScope } from '#domain/guards'
import type { BigintColumn } from './columns.ts'
import { STRATEGY_COLUMNS, strategyOfRow, type StrategyColumns } from './strategy_columns.ts'
import { uploadRulesOf, type UploadRules } from './upload_rules.ts'
import { groupProcessingOf } from './group_processing.ts'
import type { ImageProcessingChange, UserSettingsChange } from './user_settings.ts'
import type { StrategyView } from './views.ts'

/** A group's rules, and where its members may store, the group's choice first; and what matters of who uploads. */
export interface UploaderRules {
  rules: UploadRules
  strategies: StrategyView[]
  /** What the group says of processing. */
  processing: ImageProcessingChange
  /** The account's own settings; none for a visitor. */
  settings: UserSettingsChange
  /** What the images of the account, or of all visitors, weigh together, to the byte: the sum that bounds uploads. */
  usedBytes: number
}

type RulesRow = Partial<StrategyColumns> & {
  group_configs: Record<string, Json>
  account_settings: UserSettingsChange | null
  used_bytes: BigintColumn | null
}

/** All in one look: each upload asks. */
const UPLOADER_RULES = `
  select ${STRATEGY_COLUMNS.join(', ')}, g.configs as group_configs, a.settings as account_settings,
    b.used as used_bytes
  from read.groups as g
  left join lateral unnest(g.strategy_ids) with ordinality as allowed (id, place) on true
  left join read.strategies as s on s.strategy_id = allowed.id
  left join read.accounts as a on a.account_id = :accountId
  left join log.budgets as b on b.scope = :scope
  where case when :groupId::bigint is null then g.is_guest else g.group_id = :groupId end
  order by allowed.place`

/** The rules for a member of a group; nobody may store anything in a group that does not exist. */
export function findUploadRules(accountId: number, groupId: number): Promise<UploaderRules> {
  return findRules({ accountId, groupId, scope: accountBytesScope(accountId) })
}

/** The rules of the group that visitors belong to. */
export function findGuestUploadRules(): Promise<UploaderRules> {
  return findRules({ accountId: null, groupId: null, scope: guestBytesScope })
}

export async function listStrategies(): Promise<StrategyView[]> {
  const rows = await db
    .query<StrategyColumns>()
    .from('read.strategies as s')
    .select(...STRATEGY_COLUMNS)
    .orderBy('s.strategy_id')
  return rows.map(strategyOfRow)
}

async function findRules(who: {
  accountId: number | null
  groupId: number | null
  scope: string
}): Promise<UploaderRules> {
  const { rows }: { rows: RulesRow[] } = await db.rawQuery(UPLOADER_RULES, who)
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
    settings: rows[0]?.account_settings ?? {},
    usedBytes: Number(rows[0]?.used_bytes ?? 0),
  }
}

function hasStrategy(row: RulesRow): row is RulesRow & StrategyColumns {
  return (row.strategy_id ?? null) !== null
}
