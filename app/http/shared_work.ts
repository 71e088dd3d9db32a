import { ServerBusyError } from './errors.ts'

export interface SharedWorkLimits {
  atOnce: number
  /** How many pieces may wait for their turn; unbounded unless told. */
  waiting?: number
}

/** When a try may succeed again that found too many waiting. */
const RETRY_SECONDS = 2

/** Runs pieces of work by name: those who ask for one that is under way share it, and only so many run at once. */
export class SharedWork<Result> {
  readonly #limits: Required<SharedWorkLimits>
  readonly #underWay = new Map<string, Promise<Result>>()
  readonly #queue: (() => void)[] = []
  #running = 0

  constructor({ atOnce, waiting = Number.POSITIVE_INFINITY }: SharedWorkLimits) {
    this.#limits = { atOnce, waiting }
  }

  /** @throws ServerBusyError when as many pieces wait as may */
  async run(name: string, work: () => Promise<Result>): Promise<Result> {
    const known = this.#underWay.get(name)
    if (known !== undefined) {
      return known
    }
    if (this.#running >= this.#limits.atOnce && this.#queue.length >= this.#limits.waiting) {
      throw new ServerBusyError(RETRY_SECONDS)
    }
    const started = this.#inTurn(work).finally(() => this.#underWay.delete(name))
    this.#underWay.set(name, started)
    return started
  }

  async #inTurn(work: () => Promise<Result>): Promise<Result> {
    if (this.#running >= this.#limits.atOnce) {
      // Who ends hands over their place, so that nobody can slip in between.
      await new Promise<void>((resolve) => this.#queue.push(resolve))
    } else {
      this.#running++
    }
    try {
      return await work()
    } finally {
      const next = this.#queue.shift()
      if (next === undefined) {
        this.#running--
      } else {
        next()
      }
    }
  }
}
