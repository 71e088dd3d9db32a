/** Lets so many pieces of work run at once; the others wait for their turn, in order. */
export class Turns {
  readonly #atOnce: number
  readonly #queue: (() => void)[] = []
  #running = 0

  constructor(atOnce: number) {
    this.#atOnce = atOnce
  }

  /** Whether another piece of work would have to wait. */
  get areTaken(): boolean {
    return this.#running >= this.#atOnce
  }

  /** How many wait. */
  get waiting(): number {
    return this.#queue.length
  }

  async take<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.areTaken) {
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
