import { createHash } from 'node:crypto'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { blockEnd, type Archive } from './archive.ts'
import type { ArchivePlace, ArchiveStore, StrategyArchives } from './archive_store.ts'
import { ArchiveUnreadableError } from './errors.ts'
import { readEventLine } from './event_line.ts'
import { FolderArchiveStore } from './folder_archive_store.ts'
import type { StoredEvent } from './stored_event.ts'

const unzip = promisify(gunzip)

/** The place itself; that of a strategy is asked for. */
export async function openArchivePlace(
  place: ArchivePlace,
  strategies: StrategyArchives
): Promise<ArchiveStore> {
  return 'folder' in place ? new FolderArchiveStore(place.folder) : strategies(place.strategyId)
}

/** How an archive is named to people. */
export function archiveTitle({ place, name }: Pick<Archive, 'place' | 'name'>): string {
  return 'folder' in place ? `${place.folder}/${name}` : `${name} in strategy ${place.strategyId}`
}

/**
 * The events of some neighbouring blocks of an archive, a block each. The bytes are compared with what was noted of them.
 *
 * @throws ArchiveUnreadableError
 */
export async function readBlocks(
  archive: Archive,
  strategies: StrategyArchives,
  firstBlock: number,
  lastBlock: number
): Promise<StoredEvent[][]> {
  const start = archive.blockOffsets[firstBlock] ?? 0
  const end = blockEnd(archive, lastBlock)
  let bytes: Buffer
  try {
    const store = await openArchivePlace(archive.place, strategies)
    bytes = await store.read(archive.name, start, end - 1)
  } catch (error) {
    throw unreadable(archive, 'it cannot be read', error)
  }
  const blocks: StoredEvent[][] = []
  for (let block = firstBlock; block <= lastBlock; block++) {
    const from = (archive.blockOffsets[block] ?? 0) - start
    const piece = bytes.subarray(from, blockEnd(archive, block) - start)
    blocks.push(await readBlock(archive, block, piece))
  }
  return blocks
}

async function readBlock(archive: Archive, block: number, bytes: Buffer): Promise<StoredEvent[]> {
  const digest = createHash('sha256').update(bytes).digest()
  if (!archive.blockDigests[block]?.equals(digest)) {
    throw unreadable(archive, 'it is not what was written')
  }
  try {
    const text = (await unzip(bytes)).toString('utf8')
    return text.trimEnd().split('\n').map(readEventLine)
  } catch (error) {
    throw unreadable(archive, 'it is not what was written', error)
  }
}

/** The error of an archive that cannot be used, which names its file. */
export function unreadable(
  archive: Archive,
  reason: string,
  cause?: unknown
): ArchiveUnreadableError {
  const why = cause instanceof Error ? `${reason} (${cause.message})` : reason
  const { first, last } = archive
  return new ArchiveUnreadableError(
    archiveTitle(archive),
    `Events ${first} to ${last} are in the archive ${archiveTitle(archive)}: ${why}`,
    { cause }
  )
}

/** Tells that a command could not read an archive, without a stack; false when that is not what ended it. */
export function tellArchiveError(command: {
  error?: unknown
  logger: { error(message: string): void }
}): boolean {
  if (!(command.error instanceof ArchiveUnreadableError)) {
    return false
  }
  command.logger.error(command.error.message)
  return true
}
