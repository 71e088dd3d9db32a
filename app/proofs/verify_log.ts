import type pg from 'pg'
import type { EventCodec } from '#event_store/event_codec'
import type { ChainEnd, StoredEvent } from '#event_store/stored_event'
import { diagnose, LOOKED_AT, removed } from './chain_diagnosis.ts'
import { CHAIN_START, ChainWalk } from './chain_walk.ts'
import type { Checkpoint } from './checkpoint.ts'
import { CheckpointCheck } from './checkpoint_check.ts'
import { GuardCheck } from './guard_check.ts'
import { isGuarded, UnreadableEventError } from './guard_changes.ts'
import { inOrder, type LogFault } from './log_fault.ts'
import { readHead } from './log_head.ts'
import { withSnapshot, type Snapshot } from './snapshot.ts'
import { parseLine, readLines, type StoredLine } from './stored_lines.ts'
import { versionFaults } from './version_check.ts'

export interface VerifyOptions {
  connectionString: string
  codec: Pick<EventCodec, 'decode' | 'encodeClaim'>
  /** A point that is trusted: only what comes after it is read. */
  from?: ChainEnd
  /** Checkpoints whose signatures were checked. */
  checkpoints?: readonly Checkpoint[]
  progress?: (done: number, total: number) => void
}

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
    const guards = new GuardCheck(options.codec)
    const signed = new CheckpointCheck(checkpoints, from.position)
    const { last, fault } = await walk(snapshot, options, guards, signed)
    const faults = [...(await versions)]
    if (fault === null) {
      faults.push(...(await endFaults(snapshot.helper, last)))
    } else {
      faults.push(fault)
    }
    faults.push(...signed.faults(last.position, fault === null))
    const guardsChecked = isWhole && faults.length === 0
    if (guardsChecked) {
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
  })
}

/** Follows the chain up to its end or its first break. */
async function walk(
  { reader, helper }: Snapshot,
  { from = CHAIN_START, progress = () => {} }: VerifyOptions,
  guards: GuardCheck,
  signed: CheckpointCheck
): Promise<{ last: ChainEnd; fault: LogFault | null }> {
  const isWhole = from.position === 0
  const chain = new ChainWalk(from)
  const total = (await readHead(reader)).position - from.position
  const range = { after: isWhole ? null : from.position, upTo: null }
  for await (const lines of readLines(reader, range)) {
    const guarded: StoredLine[] = []
    for (const line of lines) {
      const step = chain.step(line)
      if (typeof step === 'string') {
        const broken = parseLine(line)
        const following = await eventsAfter(helper, broken.position)
        return { last: chain.last, fault: diagnose(chain.last, [broken, ...following]) }
      }
      if (signed.isWaiting) {
        signed.note(chain.last)
      }
      if (isWhole && isGuarded(step.type)) {
        guarded.push(line)
      }
    }
    const unreadable = await takeGuards(guards, guarded)
    if (unreadable !== null) {
      return { last: chain.last, fault: unreadable }
    }
    progress(chain.last.position - from.position, total)
  }
  return { last: chain.last, fault: null }
}

async function takeGuards(
  guards: GuardCheck,
  lines: readonly StoredLine[]
): Promise<LogFault | null> {
  try {
    await guards.take(lines.map(parseLine))
    return null
  } catch (error) {
    if (!(error instanceof UnreadableEventError)) {
      throw error
    }
    const { position } = error
    const message = `Event ${position} was changed: it cannot be read, although its hash was made to match`
    return { kind: 'changed', position, message }
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

async function eventsAfter(client: pg.ClientBase, position: number): Promise<StoredEvent[]> {
  const following: StoredEvent[] = []
  const range = { after: position, upTo: position + LOOKED_AT }
  for await (const lines of readLines(client, range)) {
    following.push(...lines.map(parseLine))
  }
  return following
}
