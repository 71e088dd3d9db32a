import { hash, randomBytes } from 'node:crypto'

const BUCKETS = 65_536
/** So many buckets that do not come out are looked into. */
const LOOKED_INTO = 256

/**
 * Compares two bags of named numbers, one from the log and one from the tables, in little memory however long they are:
 * what one adds the other takes away. Each name has a weight that nobody can foresee, the sums of weight × number are
 * kept in buckets, and they are all zero when every name's number is.
 */
export class GuardTally {
  readonly #seed = randomBytes(16).toString('hex')
  readonly #sums = new BigUint64Array(BUCKETS)

  add(name: string, delta: bigint): void {
    const digest = this.#digest(name)
    const bucket = digest.readUInt16BE(0)
    const sum = (this.#sums[bucket] ?? 0n) + digest.readBigUInt64BE(8) * delta
    this.#sums[bucket] = BigInt.asUintN(64, sum)
  }

  bucketOf(name: string): number {
    return this.#digest(name).readUInt16BE(0)
  }

  /** Buckets whose sums are not zero; not all of them when there are very many. */
  differing(): ReadonlySet<number> {
    const found = new Set<number>()
    for (let bucket = 0; bucket < BUCKETS && found.size < LOOKED_INTO; bucket++) {
      if (this.#sums[bucket] !== 0n) {
        found.add(bucket)
      }
    }
    return found
  }

  #digest(name: string): Buffer {
    return hash('sha256', this.#seed + name, 'buffer')
  }
}
