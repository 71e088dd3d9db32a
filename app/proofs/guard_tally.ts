import { hash, randomBytes } from 'node:crypto'

const BUCKETS = 65_536
/** So many buckets that do not come out are looked into. */
const LOOKED_INTO = 256
/**
 * Each name has one weight of 24 bits in each of these fields. They are primes, so that a number other than zero is zero
 * in none of them unless it is a multiple; and below 2^24, so that products are exact as JavaScript's numbers.
 */
const PRIMES = [16_777_213, 16_777_199, 16_777_183]
/** Sums are let grow up to here: dividing costs more than all else. What is added is below 2^48. */
const REDUCED_FROM = 2 ** 52

/**
 * Compares two bags of named numbers, one from the log and one from the tables, in little memory however long they are:
 * what one adds the other takes away. Each name has weights that nobody can foresee, the sums of weight × number are
 * kept in buckets, and they are all zero when every name's number is.
 */
export class GuardTally {
  readonly #seed: string
  readonly #fields = PRIMES.map((prime) => ({ prime, sums: new Float64Array(BUCKETS) }))

  /** @param seed The secret of the moment: tallies of one seed can be added up */
  constructor(seed: string) {
    this.#seed = seed
  }

  static newSeed(): string {
    return randomBytes(16).toString('hex')
  }

  /** The sums, one array a field. */
  get sums(): Float64Array[] {
    return this.#fields.map(({ sums }) => sums)
  }

  /** Adds what another tally of the same seed has come to. */
  merge(others: readonly Float64Array[]): void {
    this.#fields.forEach(({ prime, sums }, field) => {
      others[field]?.forEach((other, bucket) => {
        sums[bucket] = ((sums[bucket] ?? 0) % prime) + (other % prime)
      })
    })
  }

  add(name: string, delta: number | bigint): void {
    const digest = this.#digest(name)
    const bucket = bucketIn(digest)
    let field = 0
    for (const { prime, sums } of this.#fields) {
      const sum = (sums[bucket] ?? 0) + weightIn(digest, field) * remainder(delta, prime)
      sums[bucket] = Math.abs(sum) < REDUCED_FROM ? sum : sum % prime
      field += 1
    }
  }

  bucketOf(name: string): number {
    return bucketIn(this.#digest(name))
  }

  /** Buckets whose sums are not zero; not all of them when there are very many. */
  differing(): ReadonlySet<number> {
    const found = new Set<number>()
    for (let bucket = 0; bucket < BUCKETS && found.size < LOOKED_INTO; bucket++) {
      if (this.#fields.some(({ prime, sums }) => (sums[bucket] ?? 0) % prime !== 0)) {
        found.add(bucket)
      }
    }
    return found
  }

  /** A byte a character, which costs half of what a buffer does. */
  #digest(name: string): string {
    return hash('sha256', this.#seed + name, 'binary')
  }
}

function bucketIn(digest: string): number {
  return (digest.charCodeAt(0) << 8) | digest.charCodeAt(1)
}

function weightIn(digest: string, field: number): number {
  const at = 2 + 3 * field
  return (
    (digest.charCodeAt(at) << 16) | (digest.charCodeAt(at + 1) << 8) | digest.charCodeAt(at + 2)
  )
}

function remainder(delta: number | bigint, prime: number): number {
  if (typeof delta === 'bigint') {
    return Number(delta % BigInt(prime))
  }
  return Math.abs(delta) < prime ? delta : delta % prime
}
