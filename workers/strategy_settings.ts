import type pg from 'pg'
import type { StrategySettings } from '#storage/object_registry'

/** A strategy as the stores need it. @throws Error when its read model does not show it yet */
export async function strategyOf(pool: pg.Pool, id: number): Promise<StrategySettings> {
  const { rows } = await pool.query<{
    strategy_type: StrategySettings['type']
    configs: StrategySettings['configs']
    updated_at: Date
  }>({
    name: 'strategy_configs',
    text: 'select strategy_type, configs, updated_at from read.strategies where strategy_id = $1',
    values: [id],
  })
  const row = rows[0]
  if (row === undefined) {
    throw new Error(`Strategy ${id} is not known yet`)
  }
  return {
    id,
    type: row.strategy_type,
    configs: row.configs,
    updatedAt: row.updated_at.toISOString(),
  }
}
