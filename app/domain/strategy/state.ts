import type { Json } from '../event_definition.ts'
import type { StrategyEvent, StrategyType } from './events.ts'

export interface Strategy {
  strategyId: number
  name: string
  type: StrategyType
  configs: Record<string, Json>
  deleted: boolean
}

/** The strategy after one more event; `null` stands for a strategy that was never made. */
export function evolveStrategy(strategy: Strategy | null, event: StrategyEvent): Strategy | null {
  if (event.type === 'strategy.created') {
    const { strategy_id: strategyId, name, strategy_type: type, configs } = event.data
    return { strategyId, name, type, configs, deleted: false }
  }
  if (strategy === null) {
    return null
  }
  switch (event.type) {
    case 'strategy.changed':
      return { ...strategy, name: event.data.name, configs: event.data.configs }
    case 'strategy.deleted':
      return { ...strategy, deleted: true }
  }
}
