import type pg from 'pg'
import type { StrategyArchives } from '#event_store/archive_store'
import { ChainWalk } from './chain_walk.ts'
import { clearChanges, isGuarded, isSealed, UnreadableEventError } from './guard_changes.ts'
import type { GuardTally } from './guard_tally.ts'
import { addChanges } from './named_changes.ts'
import { parseLine, readLineHead, visitLines, type StoredLine } from './stored_lines.ts'

/** A stretch of the log that is checked by itself. Hashes are text, a byte a character: they go from thread to thread. */
export interface Segment {
  /** The position before its first event. */
  after: number
  upTo: number
  /** What the chain goes on from where that is known; else the row at `after` is taken at its word. */
  startHash: string | null
}

/** What came of a segment. */
export interface SegmentReport {
  /** What the chain went on from: whoever joins segments must find the one before ending with it. */
  startHash: string
  /** The last event that follows from the ones before it. */
  lastPosition: number
  lastHash: string
  /** Whether that is the last one of the segment, and nothing else lies there. */
  isWhole: boolean
  /** The first event that says nothing which could be understood, if any; what comes after it was not looked at. */
  unreadable: number | null
  /** Lines whose claims only a key tells. */
  sealed: string[]
  /** The hashes of all sound events, if they are wanted. */
  hashes: Uint8Array | null
}

export interface SegmentOptions {
  /** Takes what the events claim and add up; `null` when that is not asked for. */
  tally: GuardTally | null
  keepsHashes: boolean
  archives?: StrategyArchives
}

const HASH_BYTES = 32

/** Follows the chain through a segment, up to its end or to where it breaks. */
export async function walkSegment(
  client: pg.ClientBase,
  segment: Segment,
  options: SegmentOptions
): Promise<SegmentReport> {
  const walk = new SegmentWalk(segment, options)
  await visitLines(client, rangeOf(segment), (line) => walk.take(line), options.archives)
  return walk.report()
}

/** With the row before it, unless what it holds is known; before the first event of a log, nothing may lie. */
function rangeOf({ after, upTo, startHash }: Segment) {
  if (startHash === null) {
    return { after: after - 1, upTo }
  }
  return { after: after === 0 ? null : after, upTo }
}

class SegmentWalk {
  readonly #segment: Segment
  readonly #tally: GuardTally | null
  readonly #sealed: string[] = []
  readonly #hashes: Uint8Array | null
  #chain: ChainWalk | null
  #startHash: string
  #unreadable: number | null = null
  /** The rest is read, so that the connection can be used again, and not looked at. */
  #isOver = false

  constructor(segment: Segment, { tally, keepsHashes }: SegmentOptions) {
    const { after, upTo, startHash } = segment
    this.#segment = segment
    this.#tally = tally
    this.#hashes = keepsHashes ? new Uint8Array((upTo - after) * HASH_BYTES) : null
    this.#chain = startHash === null ? null : chainFrom(after, startHash)
    this.#startHash = startHash ?? ''
  }

  take(line: StoredLine): void {
    if (this.#isOver) {
      return
    }
    if (this.#chain === null) {
      this.#begin(line)
      return
    }
    const step = this.#chain.step(line)
    if (typeof step === 'string') {
      this.#isOver = true
      return
    }
    this.#hashes?.set(line.hash, (step.position - this.#segment.after - 1) * HASH_BYTES)
    if (this.#tally !== null && isGuarded(step.type)) {
      this.#weigh(line, this.#tally)
    }
  }

  report(): SegmentReport {
    const last = this.#chain?.last
    return {
      startHash: this.#startHash,
      lastPosition: last?.position ?? this.#segment.after,
      lastHash: last?.hash.toString('latin1') ?? this.#startHash,
      isWhole: !this.#isOver && last?.position === this.#segment.upTo,
      unreadable: this.#unreadable,
      sealed: this.#sealed,
      hashes: this.#hashes,
    }
  }

  /** The row before the segment. Where it is missing, the segment before does not come to its end. */
  #begin({ line, hash }: StoredLine): void {
    const { after } = this.#segment
    if (readLineHead(line).position !== after) {
      this.#isOver = true
      return
    }
    this.#startHash = hash.toString('latin1')
    this.#chain = chainFrom(after, this.#startHash)
  }

  #weigh(line: StoredLine, tally: GuardTally): void {
    const event = parseLine(line)
    if (isSealed(event)) {
      this.#sealed.push(line.line.toString('utf8'))
      return
    }
    try {
      addChanges(tally, clearChanges(event))
    } catch (error) {
      if (!(error instanceof UnreadableEventError)) {
        throw error
      }
      this.#unreadable = error.position
      this.#isOver = true
    }
  }
}

function chainFrom(position: number, hash: string): ChainWalk {
  return new ChainWalk({ position, hash: Buffer.from(hash, 'latin1') })
}
