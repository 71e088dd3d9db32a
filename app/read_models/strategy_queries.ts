import db from '@adonisjs/lucid/services/db'
import type { Json } from '#domain/event_definition'
import type { StrategyType } from '#domain/strategy/events'
import type { BigintColumn } from './columns.ts'
import type { AdministeredStrategyView } from './views.ts'

interface StrategyRow {
  strategy_id: BigintColumn
  name: string
  strategy_type: StrategyType
  configs: Record<string, Json>
  secret_fields: string[] | null
  image_num: BigintColumn
  created_at: Date
  updated_at: Date
}

export async function findStrategy(strategyId: number): Promise<AdministeredStrategyView | null> {
  const row: StrategyRow | null = await strategies().where('s.strategy_id', strategyId).first()
  return row && strategyView(row)
}

/** All strategies, oldest first. */
export async function listAllStrategies(): Promise<AdministeredStrategyView[]> {
  const rows: StrategyRow[] = await strategies().orderBy('s.strategy_id')
  return rows.map(strategyView)
}

/** The strategies that a group's members may store in, in the group's order. */
export async function listGroupStrategies(groupId: number): Promise<AdministeredStrategyView[]> {
  const rows: StrategyRow[] = await strategies()
    .joinRaw(
      `join (select allowed.id, allowed.place from read.groups g
             cross join unnest(g.strategy_ids) with ordinality as allowed (id, place)
             where g.group_id = ?) as allowed on allowed.id = s.strategy_id`,
      [groupId]
    )
    .orderBy('allowed.place')
  return rows.map(strategyView)
}

/** Of the secrets only their fields are read, to say which are set. How many images lie there is what its budget holds. */
function strategies() {
  return db
    .from('read.strategies as s')
    .select('s.*')
    .select(
      db.raw(
        `(select array_agg(x.field order by x.field) from secrets.strategy_secrets x
          where x.strategy_id = s.strategy_id) as secret_fields`
      )
    )
    .select(
      db.raw(
        `coalesce((select b.used from log.budgets b
          where b.scope = 'strategy_images:' || s.strategy_id), 0) as image_num`
      )
    )
}

function strategyView(row: StrategyRow): AdministeredStrategyView {
  return {
    strategyId: Number(row.strategy_id),
    name: row.name,
    type: row.strategy_type,
    configs: row.configs,
    secretFields: row.secret_fields ?? [],
    imageNum: Number(row.image_num),
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
  }
}
