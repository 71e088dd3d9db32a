import { listAllStrategies } from '#read_models/strategy_queries'
import { transformStrategy } from './transformers/strategy_transformer.ts'
import { within } from './within.ts'

/** How long a storage may take to show that it works. */
const PATIENCE_MILLISECONDS = 2_000

export interface CheckedStrategy {
  id: number
  name: string
  strategy_type: string
  ok: boolean
  detail: string | null
  milliseconds: number
}

/** Whether the storage of a strategy takes and gives bytes now. */
export type StorageCheck = (strategyId: number) => Promise<{ ok: boolean; detail: string | null }>

/** Tries all strategies at once. */
export async function checkStrategies(check: StorageCheck): Promise<CheckedStrategy[]> {
  const strategies = await listAllStrategies()
  return Promise.all(
    strategies.map(async (strategy) => {
      const startedAt = performance.now()
      const { ok, detail } = await within(PATIENCE_MILLISECONDS, () =>
        check(strategy.strategyId)
      ).catch(() => ({ ok: false, detail: 'It does not answer' }))
      return {
        ...transformStrategy(strategy),
        ok,
        detail,
        milliseconds: Math.round(performance.now() - startedAt),
      }
    })
  )
}
