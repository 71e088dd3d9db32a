import type { ChainEnd } from '#event_store/stored_event'
import type { Checkpoint } from './checkpoint.ts'
import type { LogFault } from './log_fault.ts'
import { MerkleTree } from './merkle_tree.ts'

/** Compares a log, while it is walked, with what was signed of it. */
export class CheckpointCheck {
  readonly #waiting: Checkpoint[]
  readonly #tree: MerkleTree | null
  readonly #faults: LogFault[] = []
  /** The last checkpoint that the log agrees with. */
  #agreed: number

  /** A tree needs the whole log; of what comes after a position, only the chain is compared. */
  constructor(checkpoints: readonly Checkpoint[], after: number) {
    this.#agreed = after
    this.#waiting = checkpoints
      .filter(({ position }) => position > after)
      .toSorted((one, other) => one.position - other.position)
    this.#tree = after === 0 && checkpoints.length > 0 ? new MerkleTree() : null
  }

  /** Whether there are checkpoints that the walk has not come to. */
  get isWaiting(): boolean {
    return this.#waiting.length > 0
  }

  /** Takes the next event of the walk. */
  note({ position, hash }: ChainEnd): void {
    if (!this.isWaiting) {
      return
    }
    this.#tree?.add(hash)
    for (
      let checkpoint = this.#waiting[0];
      checkpoint?.position === position;
      checkpoint = this.#waiting[0]
    ) {
      this.#waiting.shift()
      this.#compare(checkpoint, hash)
    }
  }

  /** What does not agree, once the walk has ended at `last`; `isWalked`: it came to the end of the log. */
  faults(last: number, isWalked: boolean): LogFault[] {
    const beyond = this.#waiting.filter(({ position }) => position > last)
    const furthest = beyond.at(-1)
    return isWalked && furthest !== undefined
      ? [
          ...this.#faults,
          {
            kind: 'removed',
            position: last + 1,
            message: `Events ${last + 1} to ${furthest.position} were removed: the checkpoint of ${furthest.signedAt} has them`,
          },
        ]
      : this.#faults
  }

  #compare({ position, chainHash, root, signedAt }: Checkpoint, hash: Buffer): void {
    const isSame = chainHash.equals(hash) && (this.#tree === null || this.#tree.root().equals(root))
    if (isSame) {
      this.#agreed = position
    } else if (this.#faults.length === 0) {
      this.#faults.push({
        kind: 'checkpoint',
        position: this.#agreed + 1,
        message: `Among events ${this.#agreed + 1} to ${position} the log was rewritten together with its hashes: it is not what the checkpoint of ${signedAt} was made of`,
      })
    }
  }
}
