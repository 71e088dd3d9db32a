import type pg from 'pg'
import type { ArchivePlace } from './archive_store.ts'

/** A partition of the log that was put away: where its file lies, and what that must hold. */
export interface Archive {
  /** Positions, both inclusive. */
  first: number
  last: number
  place: ArchivePlace
  name: string
  bytes: number
  /** Of the whole file. */
  sha256: Buffer
  /** The chain's hash before the first event, and at the last. */
  previousHash: Buffer
  lastHash: Buffer
  /** How many events a block has; the last may have fewer. */
  blockEvents: number
  /** Where each block begins in the file. */
  blockOffsets: readonly number[]
  /** SHA-256 of the bytes of each block. */
  blockDigests: readonly Buffer[]
}

interface ArchiveRow {
  first_position: string
  last_position: string
  folder: string | null
  strategy_id: string | null
  name: string
  bytes: string
  sha256: Buffer
  previous_hash: Buffer
  last_hash: Buffer
  block_events: number
  block_offsets: string[]
  block_digests: Buffer[]
}

/** What can be asked of the database: a client or a pool. */
export type Queries = Pick<pg.ClientBase, 'query'>

const COLUMNS = `first_position, last_position, folder, strategy_id, name, bytes, sha256, previous_hash, last_hash,
  block_events, block_offsets, block_digests`

/** All archives, in order of position. */
export async function listArchives(queries: Queries): Promise<Archive[]> {
  const { rows } = await queries.query<ArchiveRow>(
    `select ${COLUMNS} from log.archives order by first_position`
  )
  return rows.map(readArchive)
}

/** The archive that has a position, or `null`. */
export async function findArchive(queries: Queries, position: number): Promise<Archive | null> {
  const { rows } = await queries.query<ArchiveRow>(
    `select ${COLUMNS} from log.archives where first_position <= $1 and last_position >= $1`,
    [position]
  )
  const [row] = rows
  return row === undefined ? null : readArchive(row)
}

/** The last position that is in an archive, or 0. */
export async function readArchived(queries: Queries): Promise<number> {
  const { rows } = await queries.query<{ archived: string }>('select log.archived() as archived')
  return Number(rows[0]?.archived ?? 0)
}

export async function insertArchive(queries: Queries, archive: Archive): Promise<void> {
  const { place } = archive
  await queries.query(
    `insert into log.archives (${COLUMNS}, archived_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, now())`,
    [
      archive.first,
      archive.last,
      'folder' in place ? place.folder : null,
      'folder' in place ? null : place.strategyId,
      archive.name,
      archive.bytes,
      archive.sha256,
      archive.previousHash,
      archive.lastHash,
      archive.blockEvents,
      archive.blockOffsets,
      archive.blockDigests,
    ]
  )
}

function readArchive(row: ArchiveRow): Archive {
  return {
    first: Number(row.first_position),
    last: Number(row.last_position),
    place: row.folder === null ? { strategyId: Number(row.strategy_id) } : { folder: row.folder },
    name: row.name,
    bytes: Number(row.bytes),
    sha256: row.sha256,
    previousHash: row.previous_hash,
    lastHash: row.last_hash,
    blockEvents: row.block_events,
    blockOffsets: row.block_offsets.map(Number),
    blockDigests: row.block_digests,
  }
}

/** The block that has a position; blocks are counted from 0. */
export function blockOf({ first, blockEvents }: Archive, position: number): number {
  return Math.floor((position - first) / blockEvents)
}

/** Where a block ends in the file, exclusive. */
export function blockEnd({ blockOffsets, bytes }: Archive, block: number): number {
  return blockOffsets[block + 1] ?? bytes
}
