import { createHash } from 'node:crypto'
import { blockEnd, type Archive } from '#event_store/archive'
import { openArchivePlace, readBlocks, unreadable } from '#event_store/archive_reader'
import type { StrategyArchives } from '#event_store/archive_store'
import { verifyChain, type ChainEnd, type StoredEvent } from '#event_store/stored_event'

const BLOCKS_AT_ONCE = 16

/**
 * Reads an archive as it lies there: its size, its hash, each block, and that the chain leads through it from the hash
 * before it to its last. Each block is shown to `visit`.
 *
 * @throws ArchiveUnreadableError that says what is wrong
 */
export async function checkArchive(
  archive: Archive,
  strategies: StrategyArchives,
  progress: (done: number) => void = () => {},
  visit: (events: readonly StoredEvent[]) => Promise<void> = () => Promise.resolve()
): Promise<void> {
  await checkBytes(archive, strategies)
  let last: ChainEnd = { position: archive.first - 1, hash: archive.previousHash }
  const blocks = archive.blockOffsets.length
  for (let block = 0; block < blocks; block += BLOCKS_AT_ONCE) {
    const end = Math.min(block + BLOCKS_AT_ONCE, blocks) - 1
    for (const events of await readBlocks(archive, strategies, block, end)) {
      const verified = verifyChain(events, last)
      if (verified.fault !== null) {
        throw unreadable(archive, `its chain is broken at event ${verified.fault.position}`)
      }
      last = verified.last
      await visit(events)
    }
    progress(last.position - archive.first + 1)
  }
  if (last.position !== archive.last || !last.hash.equals(archive.lastHash)) {
    throw unreadable(archive, `it ends with event ${last.position}, or with another hash`)
  }
}

/** The file as such: that it is there, its size and its hash. */
async function checkBytes(archive: Archive, strategies: StrategyArchives): Promise<void> {
  const { name, bytes, place } = archive
  const whole = createHash('sha256')
  let size: number | null
  try {
    const store = await openArchivePlace(place, strategies)
    size = await store.size(name)
    for (let block = 0; size === bytes && block < archive.blockOffsets.length;) {
      const next = Math.min(block + BLOCKS_AT_ONCE, archive.blockOffsets.length)
      const start = archive.blockOffsets[block] ?? 0
      whole.update(await store.read(name, start, blockEnd(archive, next - 1) - 1))
      block = next
    }
  } catch (error) {
    throw unreadable(archive, 'it cannot be read', error)
  }
  if (size === null) {
    throw unreadable(archive, 'it is not there')
  }
  if (size !== bytes) {
    throw unreadable(archive, `it has ${size} bytes instead of ${bytes}`)
  }
  if (!whole.digest().equals(archive.sha256)) {
    throw unreadable(archive, 'it is not what was written')
  }
}
