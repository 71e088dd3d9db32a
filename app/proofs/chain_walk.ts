import { hash as digestOf } from 'node:crypto'
import { GENESIS_HASH, type ChainEnd } from '#event_store/stored_event'
import { readLineHead, type LineHead, type StoredLine } from './stored_lines.ts'

/** The chain before its first event. */
export const CHAIN_START: ChainEnd = { position: 0, hash: GENESIS_HASH }

/** Where a line does not follow from the ones before it. */
export type ChainBreak = 'position' | 'hash'

const HASH_BYTES = 32

/** Follows the chain line by line; see `chainHash` for what it is made of. */
export class ChainWalk {
  #position: number
  /** A byte a character: hashes as text cost half of what buffers do. */
  #hash: string
  /** What is hashed: the hash before, and the line behind it. */
  #hashed = Buffer.alloc(4_096)

  constructor(from: ChainEnd) {
    this.#position = from.position
    this.#hash = from.hash.toString('latin1')
  }

  /** The last event that was found sound. */
  get last(): ChainEnd {
    return { position: this.#position, hash: Buffer.from(this.#hash, 'latin1') }
  }

  /** Takes the next line: what it is, or how the chain breaks there. */
  step({ line, hash }: StoredLine): LineHead | ChainBreak {
    const head = readLineHead(line)
    if (head.position !== this.#position + 1) {
      return 'position'
    }
    const expected = this.#hashWith(line)
    if (expected !== hash.toString('latin1')) {
      return 'hash'
    }
    this.#position = head.position
    this.#hash = expected
    return head
  }

  #hashWith(line: Buffer): string {
    const length = HASH_BYTES + line.length
    if (length > this.#hashed.length) {
      this.#hashed = Buffer.alloc(2 * length)
    }
    this.#hashed.write(this.#hash, 'latin1')
    line.copy(this.#hashed, HASH_BYTES)
    return digestOf('sha256', this.#hashed.subarray(0, length), 'binary')
  }
}
