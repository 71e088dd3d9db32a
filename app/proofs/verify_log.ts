import { availableParallelism } from 'node:os'
import type pg from 'pg'
import type { StrategyArchives } from '#event_store/archive_store'
import type { EventCodec } from '#event_store/event_codec'
import type { ChainEnd, StoredEvent } from '#event_store/stored_event'
import { diagnose, LOOKED_AT, removed } from './chain_diagnosis.ts'
import { CHAIN_START } from './chain_walk.ts'
import type { Checkpoint } from './checkpoint.ts'
import { CheckpointCheck } from './checkpoint_check.ts'
import { UnreadableEventError } from './guard_changes.ts'
import { GuardCheck } from './guard_check.ts'
import { GuardTally } from './guard_tally.ts'
import { inOrder, type LogFault } from './log_fault.ts'
import { readHead } from './log_head.ts'
import { SegmentCrew } from './segment_crew.ts'
import { walkSegments } from './segment_order.ts'
import type { Segment, SegmentReport } from './segment_walk.ts'
import { SegmentWorker, type WorkerOptions } from './segment_worker.ts'
import { withSnapshot, type Snapshot } from './snapshot.ts'
import { parseLine, parseText, readLines } from './stored_lines.ts'
import { SegmentThread } from './thread_hand.ts'
import { versionFaults } from './version_check.ts'

export interface VerifyOptions {
  connectionString: string
  codec: Pick<EventCodec, 'decode' | 'encodeClaim'>
  /** A point that is trusted: only what comes after it is read. */
  from?: ChainEnd
  /** Checkpoints whose signatures were checked. */
  checkpoints?: readonly Checkpoint[]
  /** How to get at archives in storage strategies. */
  archives?: StrategyArchives
  progress?: (done: number, total: number) => void
  /** So many events are checked at a time. */
  segmentEvents?: number
  /** So many threads work on them; two unless told, where there are processors for them. */
  threads?: number
}

/** A few megabytes: what it costs to begin with one does not count. */
const SEGMENT_EVENTS = 10_000
/** Each takes some 45 MB more. */
const MOST_THREADS = 2
const HASH_BYTES = 32
const NO_HASH = Buffer.alloc(0)

export interface LogReport {
  /** Nothing is wrong. */
  sound: boolean
  /** What is wrong, by position; the first is where it begins. */
  faults: LogFault[]
  /** The position before the first event that was read. */
  from: number
  /** The last event that was found sound. */
  position: number
  hash: string
  /** Whether claims and budgets were compared: they follow from a whole log that is sound. */
  guardsChecked: boolean
  seconds: number
}

/** Checks a log as it was when the work began: chain, positions, versions, claims, budgets and checkpoints. */
export function verifyLog(options: VerifyOptions): Promise<LogReport> {
  const startedAt = performance.now()
  return withSnapshot(options.connectionString, async (snapshot) => {
    const { from = CHAIN_START, checkpoints = [] } = options
    const isWhole = from.position === 0
    const versions = versionFaults(snapshot.helper, from.position)
    // It is awaited after the walk; until then a failure must not count as unhandled.
    versions.catch(() => {})
    const seed = GuardTally.newSeed()
    const guards = new GuardCheck(options.codec, seed, options.archives)
    const signed = new CheckpointCheck(checkpoints, from.position)
    const workerOptions = { seed: isWhole ? seed : null, keepsHashes: signed.isWaiting }
    const end = await endOf(snapshot.reader)
    const needsStrategies = await liesInStrategies(snapshot.reader, from.position)
    const crew = gather(
      snapshot,
      needsStrategies ? { ...options, threads: 1 } : options,
      end - from.position,
      workerOptions
    )
    try {
      const range = { from, end, segmentEvents: options.segmentEvents ?? SEGMENT_EVENTS }
      const { last, fault } = await walk(crew, snapshot, { ...options, ...range }, guards, signed)
      const faults = [...(await versions)]
      if (fault === null) {
        faults.push(...(await endFaults(snapshot.helper, last)))
      } else {
        faults.push(fault)
      }
      faults.push(...signed.faults(last.position, fault === null))
      const guardsChecked = isWhole && faults.length === 0
      if (guardsChecked) {
        for (const sums of await crew.sums()) {
          guards.takeSums(sums)
        }
        faults.push(...(await guards.faults(snapshot.helper)))
      }
      return {
        sound: faults.length === 0,
        faults: inOrder(faults),
        from: from.position,
        position: last.position,
        hash: last.hash.toString('hex'),
        guardsChecked,
        seconds: (performance.now() - startedAt) / 1000,
      }
    } finally {
      await crew.end()
    }
  })
}

/** Where the log ends, or says that it does; whichever is later. */
async function endOf(client: pg.ClientBase): Promise<number> {
  const { rows } = await client.query<{ position: string | null }>(
    'select max(position) as position from log.events'
  )
  return Math.max((await readHead(client)).position, Number(rows[0]?.position ?? 0))
}

/** Whether some of the events are in archives that only this thread can reach. */
async function liesInStrategies(client: pg.ClientBase, after: number): Promise<boolean> {
  const { rows } = await client.query<{ some: boolean }>(
    `select exists (
       select 1 from log.archives where strategy_id is not null and last_position > $1
     ) as some`,
    [after]
  )
  return rows[0]?.some ?? false
}

/** A short log is not worth any threads. */
function gather(
  { reader, id }: Snapshot,
  { connectionString, archives, threads, segmentEvents = SEGMENT_EVENTS }: VerifyOptions,
  events: number,
  options: WorkerOptions
): SegmentCrew {
  const isShort = events < 2 * segmentEvents
  const size = threads ?? (isShort ? 1 : Math.min(MOST_THREADS, availableParallelism()))
  if (size === 1) {
    return new SegmentCrew([new SegmentWorker(reader, options, archives)])
  }
  const thread = () => new SegmentThread({ ...options, connectionString, snapshot: id })
  return new SegmentCrew(Array.from({ length: size }, thread))
}

type WalkOptions = Pick<VerifyOptions, 'progress' | 'archives'> & {
  from: ChainEnd
  end: number
  segmentEvents: number
}

/** Follows the chain up to its end or its first break: segments are walked side by side, and joined in their order. */
async function walk(
  crew: SegmentCrew,
  { helper }: Snapshot,
  options: WalkOptions,
  guards: GuardCheck,
  signed: CheckpointCheck
): Promise<{ last: ChainEnd; fault: LogFault | null }> {
  const { from, end, archives, progress = () => {} } = options
  let last = from
  for await (const { segment, report } of walkSegments(crew, options)) {
    if (report.startHash !== last.hash.toString('latin1')) {
      return { last, fault: await faultAfter(helper, last, archives) }
    }
    noteHashes(signed, segment, report)
    last = { position: report.lastPosition, hash: Buffer.from(report.lastHash, 'latin1') }
    const unreadable = (await sealedFault(guards, report)) ?? report.unreadable
    if (unreadable !== null) {
      return { last, fault: unreadableFault(unreadable) }
    }
    if (!report.isWhole) {
      return { last, fault: await faultAfter(helper, last, archives) }
    }
    progress(last.position - from.position, end - from.position)
  }
  return { last, fault: null }
}

/** The first event with a claim that cannot be understood, of those that a key tells. */
async function sealedFault(guards: GuardCheck, { sealed }: SegmentReport): Promise<number | null> {
  try {
    await guards.takeSealed(sealed.map((text) => ({ ...parseText(text), hash: NO_HASH })))
    return null
  } catch (error) {
    if (!(error instanceof UnreadableEventError)) {
      throw error
    }
    return error.position
  }
}

function unreadableFault(position: number): LogFault {
  const message = `Event ${position} was changed: it cannot be read, although its hash was made to match`
  return { kind: 'changed', position, message }
}

function noteHashes(
  signed: CheckpointCheck,
  { after }: Segment,
  { hashes, lastPosition }: SegmentReport
): void {
  for (let position = after + 1; hashes !== null && position <= lastPosition; position++) {
    const start = (position - after - 1) * HASH_BYTES
    signed.note({ position, hash: Buffer.from(hashes.subarray(start, start + HASH_BYTES)) })
  }
}

/** What the head and the outcomes of commands say of the end of the log. */
async function endFaults(client: pg.ClientBase, last: ChainEnd): Promise<LogFault[]> {
  const head = await readHead(client)
  const { rows } = await client.query<{ position: string | null }>(
    'select max(last_position) as position from log.commands'
  )
  const known = Math.max(head.position, Number(rows[0]?.position ?? 0))
  if (known > last.position) {
    return [removed(last.position + 1, known)]
  }
  if (head.position < last.position) {
    const position = head.position + 1
    const message = `Event ${position} lies after the head of the log, which is at ${head.position}`
    return [{ kind: 'inserted', position, message }]
  }
  return head.hash.equals(last.hash)
    ? []
    : [
        {
          kind: 'head',
          position: last.position,
          message: `The head of the log keeps another hash than event ${last.position} has`,
        },
      ]
}

/** What is wrong with the next event; nothing when there is none. */
async function faultAfter(
  client: pg.ClientBase,
  last: ChainEnd,
  archives: StrategyArchives | undefined
): Promise<LogFault | null> {
  const following: StoredEvent[] = []
  // Before the first event of a log nothing may lie.
  const after = last.position === 0 ? null : last.position
  const next = { after, upTo: null, limit: LOOKED_AT + 1 }
  for await (const lines of readLines(client, next, archives)) {
    following.push(...lines.map(parseLine))
  }
  return following.length === 0 ? null : diagnose(last, following)
}
