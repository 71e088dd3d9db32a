import type pg from 'pg'
import type { StrategySettings } from '#storage/object_registry'

/** A strategy as the stores need it. @throws Error when its read model does not show it yet */
export async function strategyOf(pool: pg.Pool, id: number): Promise<StrategySettings> {
  const { rows } = await pool.query<{ configs: StrategySettings['configs'] }>({
    name: 'strategy_configs',
    text: 'select configs from read.strategies where strategy_id = $1',
    values: [id],
  })
  const row = rows[0]
  if (row === undefined) {
    throw new Error(`Strategy ${id} is not known yet`)
  }
  return { id, configs: row.configs }
}
