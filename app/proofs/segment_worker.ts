import type pg from 'pg'
import type { StrategyArchives } from '#event_store/archive_store'
import { GuardTally } from './guard_tally.ts'
import { visitTable, type GuardTable } from './named_changes.ts'
import { walkSegment, type Segment, type SegmentReport } from './segment_walk.ts'

/** A piece of a check. */
export type Order =
  | { kind: 'walk'; segment: Segment }
  /** Take what a table of guards holds away from the sums. */
  | { kind: 'takeAway'; table: GuardTable }
  /** Tell what all pieces so far have claimed and added up, as the sums of a tally. */
  | { kind: 'sums' }

export type Answer = SegmentReport | Float64Array[] | null

export interface WorkerOptions {
  /** The secret of the tallies; `null` when claims and budgets are not compared. */
  seed: string | null
  /** Whether reports are to hold the hashes of all events. */
  keepsHashes: boolean
}

/** Takes orders, one after the other, over one connection. */
export interface Hand {
  perform(order: Order): Promise<Answer>
  end(): Promise<void>
}

/** Works in this thread. */
export class SegmentWorker implements Hand {
  readonly #client: pg.ClientBase
  readonly #tally: GuardTally | null
  readonly #keepsHashes: boolean
  readonly #archives: StrategyArchives | undefined

  /** Without `archives`, those in storage strategies cannot be read. */
  constructor(
    client: pg.ClientBase,
    { seed, keepsHashes }: WorkerOptions,
    archives?: StrategyArchives
  ) {
    this.#client = client
    this.#archives = archives
    this.#tally = seed === null ? null : new GuardTally(seed)
    this.#keepsHashes = keepsHashes
  }

  async perform(order: Order): Promise<Answer> {
    switch (order.kind) {
      case 'walk':
        return walkSegment(this.#client, order.segment, {
          tally: this.#tally,
          keepsHashes: this.#keepsHashes,
          archives: this.#archives,
        })
      case 'takeAway':
        await visitTable(this.#client, order.table, ({ name, delta }) =>
          this.#tally?.add(name, delta)
        )
        return null
      case 'sums':
        return this.#tally?.sums ?? null
    }
  }

  end(): Promise<void> {
    return Promise.resolve()
  }
}
