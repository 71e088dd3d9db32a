import type { EventData } from '../catalogue.ts'
import { DomainError } from '../domain_error.ts'
import type { Json } from '../event_definition.ts'
import type { StrategyEvent } from './events.ts'
import type { Strategy } from './state.ts'

export function createStrategy(strategy: EventData<'strategy.created'>): StrategyEvent[] {
  return [{ type: 'strategy.created', data: strategy }]
}

/** @throws DomainError E_STRATEGY_NOT_FOUND */
export function changeStrategy(
  strategy: Strategy | null,
  change: { name?: string; configs?: Record<string, Json>; secretsChanged: string[] }
): StrategyEvent[] {
  const { strategyId, ...present } = requireStrategy(strategy)
  const name = change.name ?? present.name
  const configs = change.configs ?? present.configs
  const isSame =
    name === present.name &&
    JSON.stringify(configs) === JSON.stringify(present.configs) &&
    change.secretsChanged.length === 0
  return isSame
    ? []
    : [
        {
          type: 'strategy.changed',
          data: {
            strategy_id: strategyId,
            name,
            configs,
            secrets_changed: change.secretsChanged,
          },
        },
      ]
}

/**
 * Deletes a strategy; that no image lies in it is for the budget of its images to say.
 *
 * @throws DomainError E_STRATEGY_NOT_FOUND
 */
export function deleteStrategy(strategy: Strategy | null): StrategyEvent[] {
  const { strategyId } = requireStrategy(strategy)
  return [{ type: 'strategy.deleted', data: { strategy_id: strategyId } }]
}

/** @throws DomainError E_STRATEGY_NOT_FOUND */
export function requireStrategy(strategy: Strategy | null): Strategy {
  if (strategy === null || strategy.deleted) {
    throw new DomainError('E_STRATEGY_NOT_FOUND', 'Strategy not found')
  }
  return strategy
}
