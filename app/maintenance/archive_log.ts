import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { withClient } from '#event_store/with_client'
import { insertArchive, listArchives, readArchived, type Archive } from '#event_store/archive'
import { unreadable } from '#event_store/archive_reader'
import type { ArchivePlace, StrategyArchives } from '#event_store/archive_store'
import type { PositionRange } from '#event_store/log_layout'
import { CHAIN_START } from '#proofs/chain_walk'
import { checkArchive } from './check_archive.ts'
import { MaintenanceError } from './errors.ts'
import { writeArchive } from './write_archive.ts'

export interface ArchiveLogOptions {
  connectionString: string
  place: ArchivePlace
  strategies: StrategyArchives
  /** From the oldest on; see `planArchive`. */
  partitions: readonly PositionRange[]
  /** Events a block of the file; 500 unless told. */
  blockEvents?: number
  progress?: (what: string, done: number, total: number) => void
  /** Told of each archive when its partition is out of the database. */
  archived?: (archive: Archive) => void
}

const LOCK = 'select pg_try_advisory_lock(hashtext($1)) as held'
const LOCK_NAME = 'picfast archive'
const INDEXED_AT_ONCE = 5_000
/** While the partition's lock is waited for, appends and readers wait behind: not for longer than this. */
const LOCK_MILLISECONDS = 200
const TRIES = 30
const TRY_MILLISECONDS = 300
const LOCK_NOT_AVAILABLE = '55P03'

const READ_FOR_LONG = `
  select exists (
    select 1 from pg_locks l join pg_stat_activity a on a.pid = l.pid
    where l.relation = 'log.events'::regclass and l.granted and l.pid <> pg_backend_pid()
      and a.xact_start < clock_timestamp() - interval '1 second'
  ) as some`

/**
 * Puts partitions away, one after the other: writes each to its file, reads that back, and takes the partition out of the
 * database in the transaction that notes the archive. What is broken off leaves at most a file, which the next run replaces.
 *
 * @throws MaintenanceError, ArchiveUnreadableError
 */
export async function archiveLog(options: ArchiveLogOptions): Promise<void> {
  await withArchiveLock(options.connectionString, async (client) => {
    for (const { first, last } of options.partitions) {
      const archive = await writeAndCheck(client, options, { first, last })
      await takeOut(client, archive)
      options.archived?.(archive)
    }
  })
}

/** One process at a time moves partitions; the lock goes with the connection. @throws MaintenanceError */
export async function withArchiveLock<Result>(
  connectionString: string,
  work: (client: pg.Client) => Promise<Result>
): Promise<Result> {
  return withClient({ connectionString }, async (client) => {
    const { rows } = await client.query<{ held: boolean }>(LOCK, [LOCK_NAME])
    if (rows[0]?.held !== true) {
      throw new MaintenanceError(
        'E_ARCHIVE_RUNNING',
        'Partitions of the log are being moved already'
      )
    }
    return await work(client)
  })
}

async function writeAndCheck(
  client: pg.Client,
  { place, strategies, blockEvents, progress = () => {} }: ArchiveLogOptions,
  range: PositionRange
): Promise<Archive> {
  const { first, last } = range
  const total = last - first + 1
  if ((await readArchived(client)) !== first - 1) {
    throw new MaintenanceError('E_ARCHIVE_REFUSED', `Events before ${first} must be archived first`)
  }
  await indexThrough(client, last)
  const previous = (await listArchives(client)).at(-1)
  const archive = await writeArchive({
    client,
    range,
    previous:
      previous === undefined ? CHAIN_START : { position: previous.last, hash: previous.lastHash },
    place,
    strategies,
    blockEvents,
    progress: (done) => progress(`${first}–${last} written`, done, total),
  })
  await checkArchive(archive, strategies, (done) =>
    progress(`${first}–${last} read back`, done, total)
  )
  return archive
}

/** Appends must find ids and versions without the partition. */
async function indexThrough(client: pg.Client, last: number): Promise<void> {
  for (;;) {
    const { rows } = await client.query<{ indexed: string }>('select indexed from log.head')
    if (Number(rows[0]?.indexed) >= last) {
      return
    }
    await client.query('select log.index_events($1)', [INDEXED_AT_ONCE])
  }
}

/** Notes the archive and drops its partition, both or none. */
async function takeOut(client: pg.Client, archive: Archive): Promise<void> {
  const name = pg.escapeIdentifier(`events_${archive.first}`)
  await whenUnused(client, async () => {
    await client.query(`alter table log.events detach partition log.${name}`)
    const { rows } = await client.query<{ hash: Buffer }>(
      `select hash from log.${name} where position = $1`,
      [archive.last]
    )
    if (rows[0]?.hash.equals(archive.lastHash) !== true) {
      throw unreadable(archive, 'the log was changed since it was written')
    }
    await client.query(`drop table log.${name}`)
    await client.query('delete from log.partitions where first_position = $1', [archive.first])
    await insertArchive(client, archive)
  })
}

/**
 * A transaction that needs the log to itself for a moment, tried until nobody reads for long. Whoever does is not waited for
 * in the queue of the lock, where appends would have to wait as well.
 */
async function whenUnused(client: pg.Client, work: () => Promise<void>): Promise<void> {
  for (let attempt = 1; attempt <= TRIES; attempt++) {
    if (!(await isReadForLong(client)) && (await hasDone(client, work))) {
      return
    }
    await delay(TRY_MILLISECONDS)
  }
  throw new MaintenanceError(
    'E_ARCHIVE_REFUSED',
    'The log is being read for long, by a backup or a check: try again when it is done'
  )
}

async function isReadForLong(client: pg.Client): Promise<boolean> {
  const { rows } = await client.query<{ some: boolean }>(READ_FOR_LONG)
  return rows[0]?.some ?? false
}

/** Whether the transaction was done; it was not when the lock could not be had in time. */
async function hasDone(client: pg.Client, work: () => Promise<void>): Promise<boolean> {
  await client.query('begin')
  try {
    await client.query(`set local lock_timeout = ${LOCK_MILLISECONDS}`)
    await work()
    await client.query('commit')
    return true
  } catch (error) {
    await client.query('rollback')
    if (error instanceof pg.DatabaseError && error.code === LOCK_NOT_AVAILABLE) {
      return false
    }
    throw error
  }
}
