/** Runs pieces of work by name: those who ask for one that is under way share it, and only so many run at once. */
export class SharedWork<Result> {
  readonly #limit: number
  readonly #underWay = new Map<string, Promise<Result>>()
  readonly #queue: (() => void)[] = []
  #running = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  run(name: string, work: () => Promise<Result>): Promise<Result> {
    const known = this.#underWay.get(name)
    if (known !== undefined) {
      return known
    }
    const started = this.#inTurn(work).finally(() => this.#underWay.delete(name))
    this.#underWay.set(name, started)
    return started
  }

  async #inTurn(work: () => Promise<Result>): Promise<Result> {
    if (this.#running >= this.#limit) {
      await new Promise<void>((resolve) => this.#queue.push(resolve))
    }
    this.#running++
    try {
      return await work()
    } finally {
      this.#running--
      this.#queue.shift()?.()
    }
  }
}
