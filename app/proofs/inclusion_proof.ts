import type { StrategyArchives } from '#event_store/archive_store'
import { formatVerifierKey, openCheckpoint, verifierKeyOf, type SigningKey } from './checkpoint.ts'
import { ProofError } from './errors.ts'
import { readTree } from './log_tree.ts'
import { withSnapshot } from './snapshot.ts'
import { parseLine } from './stored_lines.ts'

/**
 * That an event lies at its place in a log that was signed: its line and the hash before it give its hash in the chain,
 * that is a leaf of the Merkle tree, and the path leads from there to the root in the checkpoint.
 */
export interface InclusionProof {
  format: 'picfast inclusion proof 1'
  /** The event as it lies in the log, personal data sealed; data and metadata are JSON text. */
  event: {
    position: number
    stream: string
    version: number
    id: string
    type: string
    schema_version: number
    recorded_at_ms: number
    data: string
    metadata: string
  }
  previous_hash: string
  hash: string
  /** From the leaf up. */
  path: string[]
  checkpoint: string
  public_key: string
}

/**
 * Proves one event by a checkpoint of this site.
 *
 * @throws ProofError when the checkpoint is not this site's, is older than the event, or is not of the log as it is now
 */
export function proveInclusion(options: {
  connectionString: string
  key: SigningKey
  position: number
  checkpoint: string
  archives?: StrategyArchives
  progress?: (done: number, total: number) => void
}): Promise<InclusionProof> {
  const { connectionString, key, position, archives, progress } = options
  const verifier = verifierKeyOf(key)
  const checkpoint = openCheckpoint(options.checkpoint, verifier)
  if (position > checkpoint.position) {
    throw new ProofError(
      'E_NO_SUCH_EVENT',
      `The checkpoint ends at event ${checkpoint.position}: event ${position} is not in it`
    )
  }
  return withSnapshot(connectionString, async ({ reader }) => {
    const { end, tree, leaf } = await readTree(reader, {
      upTo: checkpoint.position,
      leafAt: position,
      archives,
      progress,
    })
    const isSame = tree.root().equals(checkpoint.root) && end.hash.equals(checkpoint.chainHash)
    if (leaf === null || !isSame) {
      throw new ProofError(
        'E_LOG_NOT_SOUND',
        `The log up to event ${checkpoint.position} is not what the checkpoint was made of`
      )
    }
    const event = parseLine(leaf)
    return {
      format: 'picfast inclusion proof 1',
      event: {
        position: event.position,
        stream: event.stream,
        version: event.version,
        id: event.id,
        type: event.type,
        schema_version: event.schemaVersion,
        recorded_at_ms: event.recordedAt,
        data: event.data,
        metadata: event.metadata,
      },
      previous_hash: leaf.previous.toString('hex'),
      hash: leaf.hash.toString('hex'),
      path: tree.path().map((hash) => hash.toString('hex')),
      checkpoint: options.checkpoint,
      public_key: formatVerifierKey(verifier),
    }
  })
}
