import type { GuardTable } from './named_changes.ts'
import type { Segment, SegmentReport } from './segment_walk.ts'
import type { Answer, Hand, Order } from './segment_worker.ts'

/** Has the pieces of a check done by whoever is free first. */
export class SegmentCrew {
  readonly #hands: readonly Hand[]
  readonly #idle: Hand[]
  readonly #waiting: ((hand: Hand) => void)[] = []

  constructor(hands: readonly Hand[]) {
    this.#hands = hands
    this.#idle = [...hands]
  }

  /** So many pieces are worked on at once. */
  get size(): number {
    return this.#hands.length
  }

  async walk(segment: Segment): Promise<SegmentReport> {
    return (await this.#give({ kind: 'walk', segment })) as SegmentReport
  }

  /** Takes what a table of guards holds away from the sums. */
  async takeAway(table: GuardTable): Promise<void> {
    await this.#give({ kind: 'takeAway', table })
  }

  /** What all pieces together have claimed and added up, as sums of tallies; to be asked when all is done. */
  async sums(): Promise<Float64Array[][]> {
    const sums = await Promise.all(this.#hands.map((hand) => hand.perform({ kind: 'sums' })))
    return sums as Float64Array[][]
  }

  async end(): Promise<void> {
    await Promise.all(this.#hands.map((hand) => hand.end()))
  }

  async #give(order: Order): Promise<Answer> {
    const hand =
      this.#idle.shift() ?? (await new Promise<Hand>((resolve) => this.#waiting.push(resolve)))
    try {
      return await hand.perform(order)
    } finally {
      const next = this.#waiting.shift()
      if (next === undefined) {
        this.#idle.push(hand)
      } else {
        next(hand)
      }
    }
  }
}
