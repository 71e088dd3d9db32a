import { createHash } from 'node:crypto'

const LEAF = Buffer.of(0)
const NODE = Buffer.of(1)

interface Subtree {
  height: number
  hash: Buffer
  /** Whether the leaf whose path is wanted is in it. */
  holdsLeaf: boolean
}

/** The hash of a leaf (RFC 6962): here a leaf is an event's hash in the chain, which covers all before it. */
export function leafHash(chainHash: Buffer): Buffer {
  return createHash('sha256').update(LEAF).update(chainHash).digest()
}

export function nodeHash(left: Buffer, right: Buffer): Buffer {
  return createHash('sha256').update(NODE).update(left).update(right).digest()
}

/**
 * The Merkle tree of RFC 6962 over a log, grown leaf by leaf in memory that does not grow with it. It finds the path of
 * one leaf on the way, when it is told which.
 */
export class MerkleTree {
  readonly #pathOf: number | null
  readonly #path: Buffer[] = []
  #subtrees: Subtree[] = []
  #size = 0

  /** `pathOf`: the leaf, from 0, whose path is wanted. */
  constructor(pathOf: number | null = null) {
    this.#pathOf = pathOf
  }

  get size(): number {
    return this.#size
  }

  add(chainHash: Buffer): void {
    let grown: Subtree = {
      height: 0,
      hash: leafHash(chainHash),
      holdsLeaf: this.#size === this.#pathOf,
    }
    this.#size += 1
    for (
      let left = this.#subtrees.at(-1);
      left?.height === grown.height;
      left = this.#subtrees.at(-1)
    ) {
      this.#subtrees.pop()
      grown = this.#join(left, grown, grown.height + 1, this.#path)
    }
    this.#subtrees.push(grown)
  }

  root(): Buffer {
    return this.#fold([])
  }

  /** The hashes that lead from the leaf to the root of the present tree, from the leaf up. */
  path(): Buffer[] {
    const path = [...this.#path]
    this.#fold(path)
    return path
  }

  /** The subtrees that are left, joined from the right; adds to `path` what the leaf needs. */
  #fold(path: Buffer[]): Buffer {
    const last = this.#subtrees.at(-1)
    if (last === undefined) {
      return createHash('sha256').digest()
    }
    return this.#subtrees
      .slice(0, -1)
      .reduceRight((right, left) => this.#join(left, right, left.height, path), last).hash
  }

  #join(left: Subtree, right: Subtree, height: number, path: Buffer[]): Subtree {
    if (left.holdsLeaf) {
      path.push(right.hash)
    } else if (right.holdsLeaf) {
      path.push(left.hash)
    }
    return {
      height,
      hash: nodeHash(left.hash, right.hash),
      holdsLeaf: left.holdsLeaf || right.holdsLeaf,
    }
  }
}
