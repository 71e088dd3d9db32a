import { createHash } from 'node:crypto'
import { open, rm, type FileHandle } from 'node:fs/promises'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type pg from 'pg'
import type { Archive } from '#event_store/archive'
import { openArchivePlace } from '#event_store/archive_reader'
import type { ArchivePlace, StrategyArchives } from '#event_store/archive_store'
import { writeEventLine } from '#event_store/event_line'
import type { PositionRange } from '#event_store/log_layout'
import type { ChainEnd } from '#event_store/stored_event'
import { ChainWalk } from '#proofs/chain_walk'
import { parseLine, readTableLines, type StoredLine } from '#proofs/stored_lines'
import { MaintenanceError } from './errors.ts'

const zip = promisify(gzip)

/** A stream is spread over few blocks, and reading one of its events opens one of them. */
const BLOCK_EVENTS = 500
const DIGITS = 15

export interface WriteArchiveOptions {
  client: pg.Client
  range: PositionRange
  /** The chain before the first event. */
  previous: ChainEnd
  place: ArchivePlace
  strategies: StrategyArchives
  blockEvents?: number
  progress?: (done: number) => void
}

/**
 * Writes a partition into a file, as lines of JSON in blocks that are compressed each by itself: together they are one gzip
 * file. A file of the same name that was written before and is in no use is replaced.
 *
 * @throws MaintenanceError when the chain is broken: such a log must be looked into first
 */
export async function writeArchive(options: WriteArchiveOptions): Promise<Archive> {
  const { range, previous, place, strategies, blockEvents = BLOCK_EVENTS } = options
  const store = await openArchivePlace(place, strategies)
  const temporary = await store.temporaryPath()
  const name = nameOf(range)
  try {
    const file = await open(temporary, 'w', 0o600)
    let written
    try {
      written = await writeBlocks(file, options, blockEvents)
      await file.sync()
    } finally {
      await file.close()
    }
    await store.commit(temporary, name)
    return {
      ...range,
      place,
      name,
      previousHash: previous.hash,
      blockEvents,
      ...written,
    }
  } finally {
    await rm(temporary, { force: true })
  }
}

function nameOf({ first, last }: PositionRange): string {
  const digits = (position: number) => String(position).padStart(DIGITS, '0')
  return `events-${digits(first)}-${digits(last)}.ndjson.gz`
}

async function writeBlocks(
  file: FileHandle,
  { client, range, previous, progress = () => {} }: WriteArchiveOptions,
  blockEvents: number
) {
  const chain = new ChainWalk(previous)
  const whole = createHash('sha256')
  const blockOffsets: number[] = []
  const blockDigests: Buffer[] = []
  let bytes = 0
  const writeBlock = async (lines: readonly StoredLine[]) => {
    const block = await zip(lines.map((line) => `${writeEventLine(parseLine(line))}\n`).join(''))
    blockOffsets.push(bytes)
    blockDigests.push(createHash('sha256').update(block).digest())
    whole.update(block)
    bytes += block.length
    await file.writeFile(block)
    progress(chain.last.position - range.first + 1)
  }
  let block: StoredLine[] = []
  for await (const lines of readTableLines(client, { after: range.first - 1, upTo: range.last })) {
    for (const { line, hash } of lines) {
      if (typeof chain.step({ line, hash }) === 'string') {
        throw broken(chain.last.position + 1)
      }
      // What is kept beyond the chunk must not keep the chunk.
      block.push({ line: Buffer.from(line), hash: Buffer.from(hash) })
      if (block.length === blockEvents) {
        await writeBlock(block)
        block = []
      }
    }
  }
  if (block.length > 0) {
    await writeBlock(block)
  }
  if (chain.last.position !== range.last) {
    throw broken(chain.last.position + 1)
  }
  return { bytes, sha256: whole.digest(), lastHash: chain.last.hash, blockOffsets, blockDigests }
}

function broken(position: number): MaintenanceError {
  return new MaintenanceError(
    'E_LOG_NOT_SOUND',
    `The chain is broken at event ${position}: audit:verify tells more`
  )
}
