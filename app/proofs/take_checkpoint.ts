import type { StrategyArchives } from '#event_store/archive_store'
import { signCheckpoint, type SigningKey } from './checkpoint.ts'
import { ProofError } from './errors.ts'
import { readTree } from './log_tree.ts'
import { readHead } from './log_head.ts'
import { withSnapshot } from './snapshot.ts'

export interface TakenCheckpoint {
  position: number
  text: string
}

/**
 * Reads the log and signs what it is now.
 *
 * @throws ProofError for a log that is empty, or whose chain is broken
 */
export function takeCheckpoint(options: {
  connectionString: string
  key: SigningKey
  now: Date
  archives?: StrategyArchives
  progress?: (done: number, total: number) => void
}): Promise<TakenCheckpoint> {
  const { connectionString, key, now, archives, progress } = options
  return withSnapshot(connectionString, async ({ reader }) => {
    const head = await readHead(reader)
    if (head.position === 0) {
      throw new ProofError('E_EMPTY_LOG', 'There is nothing to sign yet: the log is empty')
    }
    const { end, tree } = await readTree(reader, { upTo: head.position, archives, progress })
    const checkpoint = {
      origin: key.origin,
      position: end.position,
      root: tree.root(),
      chainHash: end.hash,
      signedAt: now.toISOString(),
    }
    return { position: end.position, text: signCheckpoint(checkpoint, key) }
  })
}
