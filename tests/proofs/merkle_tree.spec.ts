import { test } from '@japa/runner'
import fc from 'fast-check'
import { leafHash, MerkleTree, nodeHash } from '#proofs/merkle_tree'

/** The tree as RFC 6962 defines it, by halves. */
function rootOf(leaves: readonly Buffer[]): Buffer {
  const [first] = leaves
  if (first === undefined || leaves.length === 1) {
    return first === undefined ? new MerkleTree().root() : leafHash(first)
  }
  let half = 1
  while (half * 2 < leaves.length) {
    half *= 2
  }
  return nodeHash(rootOf(leaves.slice(0, half)), rootOf(leaves.slice(half)))
}

function pathOf(index: number, leaves: readonly Buffer[]): Buffer[] {
  if (leaves.length === 1) {
    return []
  }
  let half = 1
  while (half * 2 < leaves.length) {
    half *= 2
  }
  const [left, right] = [leaves.slice(0, half), leaves.slice(half)]
  return index < half
    ? [...pathOf(index, left), rootOf(right)]
    : [...pathOf(index - half, right), rootOf(left)]
}

test.group('Proofs | Merkle tree', () => {
  test('of nothing is what RFC 6962 says', ({ assert }) => {
    assert.equal(
      new MerkleTree().root().toString('hex'),
      'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
    )
  })

  test('grown leaf by leaf has the root and the paths of the definition', ({ assert }) => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200 }), fc.nat(), (size, choice) => {
        const leaves = Array.from({ length: size }, (_, index) => Buffer.alloc(32, index))
        const index = choice % size
        const tree = new MerkleTree(index)
        leaves.forEach((leaf) => tree.add(leaf))
        assert.deepEqual(tree.root(), rootOf(leaves))
        assert.deepEqual(tree.path(), pathOf(index, leaves))
        assert.equal(tree.size, size)
      })
    )
  })
})
