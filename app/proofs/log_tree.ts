import type pg from 'pg'
import type { StrategyArchives } from '#event_store/archive_store'
import type { ChainEnd } from '#event_store/stored_event'
import { CHAIN_START, ChainWalk } from './chain_walk.ts'
import { ProofError } from './errors.ts'
import { MerkleTree } from './merkle_tree.ts'
import { readLines } from './stored_lines.ts'

export interface LogTree {
  /** The last event. */
  end: ChainEnd
  tree: MerkleTree
  /** The event whose path is wanted, and the hash before it. */
  leaf: { line: Buffer; hash: Buffer; previous: Buffer } | null
}

/**
 * Reads the log up to a position and grows its tree.
 *
 * @throws ProofError when the chain is broken: nothing can be proved of such a log
 */
export async function readTree(
  client: pg.ClientBase,
  options: {
    upTo: number
    leafAt?: number
    archives?: StrategyArchives
    progress?: (done: number, total: number) => void
  }
): Promise<LogTree> {
  const { upTo, leafAt = null, archives, progress = () => {} } = options
  const tree = new MerkleTree(leafAt === null ? null : leafAt - 1)
  const chain = new ChainWalk(CHAIN_START)
  let leaf: LogTree['leaf'] = null
  for await (const lines of readLines(client, { after: null, upTo }, archives)) {
    for (const line of lines) {
      const previous = chain.last.hash
      if (typeof chain.step(line) === 'string') {
        throw new ProofError(
          'E_LOG_NOT_SOUND',
          `The chain is broken at event ${chain.last.position + 1}: audit:verify tells more`
        )
      }
      tree.add(chain.last.hash)
      if (chain.last.position === leafAt) {
        leaf = { line: Buffer.from(line.line), hash: chain.last.hash, previous }
      }
    }
    progress(chain.last.position, upTo)
  }
  if (chain.last.position !== upTo) {
    throw new ProofError(
      'E_LOG_NOT_SOUND',
      `The log ends at event ${chain.last.position}, and ${upTo} are told of: audit:verify tells more`
    )
  }
  return { end: chain.last, tree, leaf }
}
