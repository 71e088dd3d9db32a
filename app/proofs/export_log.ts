import { once } from 'node:events'
import { open, truncate } from 'node:fs/promises'
import type { Writable } from 'node:stream'
import type pg from 'pg'
import { withClient } from '#event_store/with_client'
import type { StrategyArchives } from '#event_store/archive_store'
import { writeEventLine } from '#event_store/event_line'
import type { ChainEnd } from '#event_store/stored_event'
import { CHAIN_START } from './chain_walk.ts'
import { ProofError } from './errors.ts'
import { importEvent } from './exported_event.ts'
import { readHead } from './log_head.ts'
import { holdLog } from './snapshot.ts'
import { parseLine, readLines } from './stored_lines.ts'

/** Longer than any line: an event's payload is bounded by what an append takes. */
const TAIL_BYTES = 16 * 1024 * 1024
const LINE_FEED = 0x0a

/**
 * Writes the events after a point, one a line; answers how many. Whoever takes them slowly is waited for.
 *
 * @throws ProofError when the log does not have that point
 */
export async function exportLog(options: {
  connectionString: string
  after: ChainEnd
  output: Writable
  archives?: StrategyArchives
  progress?: (done: number, total: number) => void
}): Promise<number> {
  const { connectionString, after, output, archives, progress = () => {} } = options
  return withClient({ connectionString }, async (client) => {
    await client.query('begin')
    await holdLog(client)
    await requirePoint(client, after, archives)
    const head = await readHead(client)
    const total = head.position - after.position
    let written = 0
    const range = { after: after.position, upTo: head.position }
    for await (const lines of readLines(client, range, archives)) {
      const text = lines.map((line) => `${writeEventLine(parseLine(line))}\n`).join('')
      if (!output.write(text)) {
        await once(output, 'drain')
      }
      written += lines.length
      progress(written, total)
    }
    return written
  })
}

/** Where a file that was written before ends; a line that was broken off is cut off. */
export async function resumeExport(file: string): Promise<ChainEnd> {
  const handle = await open(file, 'r')
  const { size } = await handle.stat()
  const start = Math.max(0, size - TAIL_BYTES)
  const tail = Buffer.alloc(size - start)
  await handle.read(tail, 0, tail.length, start)
  await handle.close()
  const end = tail.lastIndexOf(LINE_FEED)
  await truncate(file, start + end + 1)
  if (end === -1) {
    return CHAIN_START
  }
  const begin = end === 0 ? 0 : tail.lastIndexOf(LINE_FEED, end - 1) + 1
  const { position, hash } = importEvent(tail.toString('utf8', begin, end))
  return { position, hash }
}

async function requirePoint(
  client: pg.ClientBase,
  { position, hash }: ChainEnd,
  archives: StrategyArchives | undefined
): Promise<void> {
  if (position === CHAIN_START.position) {
    return
  }
  let isSame = false
  for await (const lines of readLines(client, { after: position - 1, upTo: position }, archives)) {
    isSame = lines[0]?.hash.equals(hash) ?? false
  }
  if (!isSame) {
    throw new ProofError(
      'E_LOG_CONTINUES_ELSEWHERE',
      `The file ends with event ${position}, and this log has another one there`
    )
  }
}
