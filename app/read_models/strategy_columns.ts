import type { Json } from '#domain/event_definition'
import type { StrategyType } from '#domain/strategy/events'
import type { BigintColumn } from './columns.ts'
import type { StrategyView } from './views.ts'

/** What kind of place it is, and where. */
export type StrategyPlace = Pick<StrategyColumns, 'strategy_type' | 'strategy_configs'>

/** What it takes to open a strategy's store, beside other columns of a query. */
export interface StrategyColumns {
  strategy_id: BigintColumn
  strategy_type: StrategyType
  strategy_configs: Record<string, Json>
  strategy_updated_at: Date
}

/** The columns of `read.strategies as s`. */
export const STRATEGY_COLUMNS = [
  's.strategy_id',
  's.strategy_type',
  's.configs as strategy_configs',
  's.updated_at as strategy_updated_at',
] as const

export function strategyOfRow(row: StrategyColumns): StrategyView {
  return {
    id: Number(row.strategy_id),
    type: row.strategy_type,
    configs: row.strategy_configs,
    updatedAt: row.strategy_updated_at.toISOString(),
  }
}
