import type { StoreOf } from '#maintenance/objects'
import { strategyOf } from '#workers/strategy_settings'
import { ProgressLine } from '#projections/progress_line'
import type { Services } from './services.ts'

/** The stores of a site's strategies, as their read model has them now. */
export function storesOf({ objectStores, pool }: Services): StoreOf {
  return async (strategyId) => objectStores.get(await strategyOf(pool, strategyId))
}

/** Shows work of many parts, a line a part. */
export class PartsProgress {
  readonly #unit: (what: string) => string
  #what: string | null = null
  #line: ProgressLine | null = null

  constructor(unit: (what: string) => string) {
    this.#unit = unit
  }

  update = (what: string, done: number, total: number): void => {
    if (what !== this.#what) {
      this.end()
      this.#what = what
      this.#line = new ProgressLine(what, { unit: this.#unit(what) })
    }
    this.#line?.update(done, total)
  }

  end(): void {
    this.#line?.end()
    this.#line = null
  }
}
