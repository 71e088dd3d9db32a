import { Turns } from '#imaging/turns'
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
  readonly #mostWaiting: number
  readonly #turns: Turns
  readonly #underWay = new Map<string, Promise<Result>>()

  constructor({ atOnce, waiting = Number.POSITIVE_INFINITY }: SharedWorkLimits) {
    this.#mostWaiting = waiting
    this.#turns = new Turns(atOnce)
  }

  /** @throws ServerBusyError when as many pieces wait as may */
  async run(name: string, work: () => Promise<Result>): Promise<Result> {
    const known = this.#underWay.get(name)
    if (known !== undefined) {
      return known
    }
    if (this.#turns.areTaken && this.#turns.waiting >= this.#mostWaiting) {
      throw new ServerBusyError(RETRY_SECONDS)
    }
    const started = this.#turns.take(work).finally(() => this.#underWay.delete(name))
    this.#underWay.set(name, started)
    return started
  }
}
