import { LRUCache } from 'lru-cache'
import { blockOf, findArchive, type Archive, type Queries } from './archive.ts'
import { readBlocks } from './archive_reader.ts'
import { NO_STRATEGIES, type StrategyArchives } from './archive_store.ts'
import { ArchiveUnreadableError } from './errors.ts'
import type { StoredEvent } from './stored_event.ts'

/** Blocks that stay in memory, opened: readers go on where they were, and the events of a stream are near each other. */
const KEPT_BLOCKS = 24
const KEPT_ARCHIVES = 64

/** Reads events of the log's archives by position. */
export class LogArchives {
  readonly #queries: Queries
  readonly #strategies: StrategyArchives
  readonly #archives = new LRUCache<number, Archive>({ max: KEPT_ARCHIVES })
  readonly #blocks = new LRUCache<string, StoredEvent[]>({ max: KEPT_BLOCKS })

  constructor(queries: Queries, strategies: StrategyArchives = NO_STRATEGIES) {
    this.#queries = queries
    this.#strategies = strategies
  }

  /**
   * Events from one position to another, both inclusive, or as many of them as one archive has; `null` when the first is
   * in none.
   *
   * @throws ArchiveUnreadableError
   */
  async read(first: number, last: number): Promise<StoredEvent[] | null> {
    const known = this.#known(first)
    const archive = known ?? (await this.#find(first))
    if (archive === null) {
      return null
    }
    try {
      return await this.#readFrom(archive, first, last)
    } catch (error) {
      // It may have been moved, or brought back into the database.
      const now =
        error instanceof ArchiveUnreadableError && known !== null
          ? await this.#find(first)
          : archive
      if (now === null) {
        return null
      }
      if (now === archive) {
        throw error
      }
      return this.#readFrom(now, first, last)
    }
  }

  /** The events at these positions that archives have, in order of position. @throws ArchiveUnreadableError */
  async readAt(positions: readonly number[]): Promise<StoredEvent[]> {
    const events: StoredEvent[] = []
    for (const position of new Set(positions.toSorted((one, other) => one - other))) {
      events.push(...((await this.read(position, position)) ?? []))
    }
    return events
  }

  #known(position: number): Archive | null {
    for (const archive of this.#archives.values()) {
      if (archive.first <= position && position <= archive.last) {
        return archive
      }
    }
    return null
  }

  async #find(position: number): Promise<Archive | null> {
    const archive = await findArchive(this.#queries, position)
    if (archive !== null) {
      this.#archives.set(archive.first, archive)
    }
    return archive
  }

  async #readFrom(archive: Archive, first: number, last: number): Promise<StoredEvent[]> {
    const end = Math.min(last, archive.last)
    const blocks = await this.#blocksOf(archive, blockOf(archive, first), blockOf(archive, end))
    return blocks.flat().filter(({ position }) => position >= first && position <= end)
  }

  /** Blocks that are not at hand are read in one piece where they are neighbours. */
  async #blocksOf(archive: Archive, first: number, last: number): Promise<StoredEvent[][]> {
    const nameOf = (block: number) =>
      `${block} ${archive.blockDigests[block]?.toString('base64') ?? ''}`
    const blocks: StoredEvent[][] = []
    for (let block = first; block <= last;) {
      const kept = this.#blocks.get(nameOf(block))
      if (kept !== undefined) {
        blocks.push(kept)
        block++
        continue
      }
      let end = block
      while (end < last && !this.#blocks.has(nameOf(end + 1))) {
        end++
      }
      const read = await readBlocks(archive, this.#strategies, block, end)
      read.forEach((events, index) => this.#blocks.set(nameOf(block + index), events))
      blocks.push(...read)
      block = end + 1
    }
    return blocks
  }
}
