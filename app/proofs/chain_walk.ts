import { hash as digestOf } from 'node:crypto'
import { GENESIS_HASH, type ChainEnd } from '#event_store/stored_event'
import { readLineHead, type LineHead, type StoredLine } from './stored_lines.ts'

/** The chain before its first event. */
export const CHAIN_START: ChainEnd = { position: 0, hash: GENESIS_HASH }

/** Where a line does not follow from the ones before it. */
export type ChainBreak = 'position' | 'hash'

/** Follows the chain line by line; see `chainHash` for what it is made of. */
export class ChainWalk {
  #last: ChainEnd

  constructor(from: ChainEnd) {
    this.#last = from
  }

  /** The last event that was found sound. */
  get last(): ChainEnd {
    return this.#last
  }

  /** Takes the next line: what it is, or how the chain breaks there. */
  step({ line, hash }: StoredLine): LineHead | ChainBreak {
    const head = readLineHead(line)
    if (head.position !== this.#last.position + 1) {
      return 'position'
    }
    const expected = digestOf('sha256', Buffer.concat([this.#last.hash, line]), 'buffer')
    if (!expected.equals(hash)) {
      return 'hash'
    }
    this.#last = { position: head.position, hash: expected }
    return head
  }
}
