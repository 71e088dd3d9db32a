import pg from 'pg'
import { listArchives, type Archive } from '#event_store/archive'
import { readBlocks } from '#event_store/archive_reader'
import type { StrategyArchives } from '#event_store/archive_store'
import { insertEvents } from '#proofs/write_events'
import { withArchiveLock } from './archive_log.ts'
import { checkArchive } from './check_archive.ts'

const BLOCKS_AT_ONCE = 4

export interface UnarchiveLogOptions {
  connectionString: string
  strategies: StrategyArchives
  /** The position from which on events are to be in the database. */
  from: number
  progress?: (what: string, done: number, total: number) => void
  restored?: (archive: Archive) => void
}

/** The archives that have events from a position on, the newest first: in this order they can be brought back. */
export async function archivesFrom(
  client: Pick<pg.ClientBase, 'query'>,
  from: number
): Promise<Archive[]> {
  return (await listArchives(client)).filter(({ last }) => last >= from).toReversed()
}

/**
 * Brings archives back into partitions, the newest first. Files stay where they are.
 *
 * @throws MaintenanceError, ArchiveUnreadableError
 */
export async function unarchiveLog(options: UnarchiveLogOptions): Promise<void> {
  await withArchiveLock(options.connectionString, async (client) => {
    for (const archive of await archivesFrom(client, options.from)) {
      await bringBack(client, archive, options)
      options.restored?.(archive)
    }
  })
}

async function bringBack(
  client: pg.Client,
  archive: Archive,
  options: UnarchiveLogOptions
): Promise<void> {
  if (!(await isBack(client, archive))) {
    await fillPartition(client, archive, options)
  }
  // Only now: who has not heard of the partition yet still reads the archive.
  await client.query('delete from log.archives where first_position = $1', [archive.first])
}

/** A run that was broken off may have left both the partition and the archive. */
async function isBack(client: pg.Client, { first }: Archive): Promise<boolean> {
  const { rowCount } = await client.query(
    'select 1 from log.partitions where first_position = $1',
    [first]
  )
  return rowCount === 1
}

async function fillPartition(
  client: pg.Client,
  archive: Archive,
  { strategies, progress = () => {} }: UnarchiveLogOptions
): Promise<void> {
  const { first, last } = archive
  const total = last - first + 1
  await checkArchive(archive, strategies, (done) =>
    progress(`${first}–${last} checked`, done, total)
  )
  const table = `log.${pg.escapeIdentifier(`events_${first}`)}`
  await client.query('begin')
  try {
    await client.query('select log.add_partition($1, $2)', [first, last])
    for (let block = 0; block < archive.blockOffsets.length; block += BLOCKS_AT_ONCE) {
      const end = Math.min(block + BLOCKS_AT_ONCE, archive.blockOffsets.length) - 1
      const events = (await readBlocks(archive, strategies, block, end)).flat()
      await insertEvents(client, table, events)
      progress(
        `${first}–${last} brought back`,
        (events.at(-1)?.position ?? last) - first + 1,
        total
      )
    }
    await client.query('commit')
  } catch (error) {
    await client.query('rollback')
    throw error
  }
}
