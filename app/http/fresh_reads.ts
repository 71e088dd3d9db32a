/** Says when read models have reached a position; see `#projections/waiter`. */
export interface PositionWaiter {
  waitFor(position: number, names: readonly string[], timeoutMs: number): Promise<boolean>
}

/** How long an answer is held back for its read models, at most, unless told otherwise. */
const PATIENCE_MILLISECONDS = 1_000

/** Lets a controller read what it has just written. */
export class FreshReads {
  readonly #waiter: PositionWaiter

  constructor(waiter: PositionWaiter) {
    this.#waiter = waiter
  }

  /** Waits until the read models show the position; false when they do not in time. Position 0 is nothing to wait for. */
  async waitFor(
    position: number,
    readModels: readonly string[],
    patienceMs = PATIENCE_MILLISECONDS
  ): Promise<boolean> {
    return position === 0 || this.#waiter.waitFor(position, readModels, patienceMs)
  }
}
