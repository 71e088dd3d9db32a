import type { AdministeredStrategyView } from '#read_models/views'
import { SECRET_MASK } from '#http/validators/strategy_validator'

/** A strategy as those who may store in it see it. */
export function transformStrategy(strategy: AdministeredStrategyView) {
  return {
    id: strategy.strategyId,
    name: strategy.name,
    strategy_type: strategy.type,
  }
}

/** A strategy as administrators see it: a secret that is set shows as a mask. */
export function transformAdministeredStrategy(strategy: AdministeredStrategyView) {
  return {
    ...transformStrategy(strategy),
    configs: {
      ...strategy.configs,
      ...Object.fromEntries(strategy.secretFields.map((field) => [field, SECRET_MASK])),
    },
    image_num: strategy.imageNum,
    created_at: strategy.createdAt,
    updated_at: strategy.updatedAt,
  }
}
