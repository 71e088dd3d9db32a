import { setTimeout as delay } from 'node:timers/promises'

/** How much one batch may hold. */
export interface BatchBounds {
  items: number
  weight: number
}

interface Waiting<Item, Result> {
  item: Item
  weight: number
  resolve: (result: Result) => void
  reject: (error: unknown) => void
}

/**
 * Group commit: while one batch is in flight, what arrives waits and rides the next, so one disk flush serves many.
 * `conflicts` tells items that must not ride together; the later one waits for another batch.
 */
export class GroupCommit<Item, Result> {
  readonly #bounds: BatchBounds
  readonly #conflictKey: (item: Item) => string | null
  readonly #write: (items: Item[]) => Promise<Array<PromiseSettledResult<Result>>>
  readonly #lingerMs: number
  #waiting: Array<Waiting<Item, Result>> = []
  #running: Promise<void> | null = null

  /**
   * `write` answers an outcome an item, in order; when it throws, every item of the batch fails with that error.
   * `conflictKey` answers a key that may stand only once in a batch, or `null`. A batch that nobody is in a hurry for
   * may linger so many milliseconds for company.
   */
  constructor(options: {
    bounds: BatchBounds
    conflictKey: (item: Item) => string | null
    write: (items: Item[]) => Promise<Array<PromiseSettledResult<Result>>>
    lingerMs?: number
  }) {
    this.#bounds = options.bounds
    this.#conflictKey = options.conflictKey
    this.#write = options.write
    this.#lingerMs = options.lingerMs ?? 0
  }

  /** How many items wait for a batch. */
  get waiting(): number {
    return this.#waiting.length
  }

  submit(item: Item, weight: number): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, weight, resolve, reject })
      this.#running ??= this.#run()
    })
  }

  /** Resolves when nothing is in flight or waiting. */
  async drained(): Promise<void> {
    while (this.#running !== null) {
      await this.#running
    }
  }

  async #run() {
    // Items submitted in the same turn of the event loop ride together.
    await Promise.resolve()
    while (this.#waiting.length > 0) {
      if (this.#lingerMs > 0) {
        await delay(this.#lingerMs)
      }
      const batch = this.#takeBatch()
      try {
        const outcomes = await this.#write(batch.map(({ item }) => item))
        batch.forEach(({ resolve, reject }, index) => {
          const outcome = outcomes[index]
          if (outcome?.status === 'fulfilled') {
            resolve(outcome.value)
          } else {
            reject(outcome?.reason ?? new Error('A batch answered fewer outcomes than items'))
          }
        })
      } catch (error) {
        batch.forEach(({ reject }) => reject(error))
      }
    }
    this.#running = null
  }

  #takeBatch() {
    const batch: Array<Waiting<Item, Result>> = []
    const later: Array<Waiting<Item, Result>> = []
    const keys = new Set<string>()
    let weight = 0
    let full = false
    for (const entry of this.#waiting) {
      const key = this.#conflictKey(entry.item)
      full ||=
        batch.length > 0 &&
        (batch.length >= this.#bounds.items || weight + entry.weight > this.#bounds.weight)
      if (full || (key !== null && keys.has(key))) {
        later.push(entry)
        continue
      }
      if (key !== null) {
        keys.add(key)
      }
      weight += entry.weight
      batch.push(entry)
    }
    this.#waiting = later
    return batch
  }
}
