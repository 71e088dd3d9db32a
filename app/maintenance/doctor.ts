import type pg from 'pg'
import { listArchives } from '#event_store/archive'
import type { StrategyArchives } from '#event_store/archive_store'
import { ArchiveUnreadableError } from '#event_store/errors'
import type { EventCodec } from '#event_store/event_codec'
import type { EventStore } from '#event_store/port'
import type { StoredEvent } from '#event_store/stored_event'
import { ledgerStatus } from '#jobs/status'
import type { AnyProjection } from '#projections/projection'
import { verify } from '#projections/verify'
import { verifyLog } from '#proofs/verify_log'
import { StorageError } from '#storage/errors'
import { checkArchive } from './check_archive.ts'
import { archivedIndexFault, indexFaults } from './index_check.ts'
import { referredObjects, type StoreOf } from './objects.ts'
import {
  findOrphans,
  ORPHAN_AGE_MILLISECONDS,
  strategyIds,
  untilObjectsAreKnown,
  type Orphans,
} from './orphans.ts'

export interface DoctorOptions {
  connectionString: string
  pool: pg.Pool
  eventStore: EventStore
  codec: EventCodec
  projections: readonly AnyProjection[]
  storeOf: StoreOf
  /** How to get at archives of the log. */
  archives: StrategyArchives
  /** Whether a wrapped key can be opened. */
  opensKeys: (subjects: readonly string[]) => Promise<boolean>
  progress: (what: string, done: number, total: number) => void
}

/** What one look came to; it is well when nothing was found. */
export interface Examination {
  check: string
  looked: number
  findings: string[]
}

const KEYS_AT_ONCE = 500
/** So many of a strategy are named. */
const ORPHANS_NAMED = 20

/** Looks at everything that can be wrong with a site, and changes nothing. */
export async function examine(options: DoctorOptions): Promise<Examination[]> {
  return [
    await examineArchives(options),
    await reaching('log', () => examineLog(options)),
    await reaching('read models', () => examineReadModels(options)),
    await examineObjects(options),
    await examineOrphans(options),
    await examineWork(options),
    await examineKeys(options),
  ]
}

/** What cannot be looked at without an archive that cannot be read is told so. */
async function reaching(check: string, work: () => Promise<Examination>): Promise<Examination> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof ArchiveUnreadableError)) {
      throw error
    }
    return { check, looked: 0, findings: [error.message] }
  }
}

/** The files of archives, and the index by which events in full partitions and archives are found. */
async function examineArchives(options: DoctorOptions): Promise<Examination> {
  const { pool, archives: strategies, progress } = options
  const findings = await indexFaults(pool)
  const archives = await listArchives(pool)
  for (const [index, archive] of archives.entries()) {
    const differing = new Set<string>()
    const compare = async (events: readonly StoredEvent[]) => {
      const fault = differing.size > 0 ? null : await archivedIndexFault(pool, events)
      if (fault !== null) {
        differing.add(fault)
      }
    }
    try {
      await checkArchive(archive, strategies, undefined, compare)
    } catch (error) {
      if (!(error instanceof ArchiveUnreadableError)) {
        throw error
      }
      findings.push(error.message)
    }
    findings.push(...differing)
    progress('archives', index + 1, archives.length)
  }
  return { check: 'archives', looked: archives.length, findings }
}

async function examineLog(options: DoctorOptions): Promise<Examination> {
  const { position, faults } = await verifyLog({
    connectionString: options.connectionString,
    codec: options.codec,
    archives: options.archives,
    progress: (done, total) => options.progress('log', done, total),
  })
  return { check: 'log', looked: position, findings: faults.map(({ message }) => message) }
}

/** Rows against the log, and events that could not be folded. */
async function examineReadModels(options: DoctorOptions): Promise<Examination> {
  const findings: string[] = []
  const verified = await verify({
    ...options,
    progress: (position, head) => options.progress('read models', position, head),
  })
  for (const { projection, difference, refused } of verified) {
    if (difference.count > 0) {
      findings.push(`${projection}: ${difference.count} rows are not what the log says`)
    }
    if (refused.length > 0) {
      findings.push(`${projection}: ${refused.length} events cannot be folded`)
    }
  }
  const { rows } = await options.pool.query<{ parked: string }>(
    `select count(*) as parked from run.parked_events where slot = 'live'`
  )
  const parked = Number(rows[0]?.parked ?? 0)
  if (parked > 0) {
    findings.push(`${parked} events are parked: see projections:park:list`)
  }
  return { check: 'read models', looked: verified.length, findings }
}

/** Images and thumbnails that rows refer to, against what the stores have. */
async function examineObjects({ pool, storeOf, progress }: DoctorOptions): Promise<Examination> {
  const findings: string[] = []
  const objects = await referredObjects(pool)
  const away = new Map<number, { message: string; left: number }>()
  let looked = 0
  for (const [index, { strategyId, key, size }] of objects.entries()) {
    progress('objects', index + 1, objects.length)
    const unusable = away.get(strategyId)
    if (unusable !== undefined) {
      unusable.left += 1
      continue
    }
    try {
      const found = await (await storeOf(strategyId)).stat(key)
      looked += 1
      if (found === null) {
        findings.push(`strategy ${strategyId}: ${key} is not there`)
      } else if (size !== null && found.size !== size) {
        findings.push(`strategy ${strategyId}: ${key} has ${found.size} bytes instead of ${size}`)
      }
    } catch (error) {
      if (!(error instanceof StorageError)) {
        throw error
      }
      away.set(strategyId, { message: error.message, left: 1 })
    }
  }
  for (const [strategyId, { message, left }] of away) {
    findings.push(
      `strategy ${strategyId} cannot be used, ${left} objects were not looked at: ${message}`
    )
  }
  return { check: 'objects', looked, findings }
}

/** What lies in the stores and belongs to nothing, and files that nobody finishes any more. */
async function examineOrphans(options: DoctorOptions): Promise<Examination> {
  const { pool, storeOf, progress } = options
  const findings: string[] = []
  let looked = 0
  const unfinished = new Set<string>()
  await untilObjectsAreKnown(options)
  for (const strategyId of await strategyIds(pool)) {
    try {
      const store = await storeOf(strategyId)
      const orphans = await findOrphans({
        pool,
        strategyId,
        store,
        olderThanMs: ORPHAN_AGE_MILLISECONDS,
        progress: (done) => progress('orphans', looked + done, looked + done),
      })
      looked += orphans.looked
      findings.push(...tellOrphans(orphans))
      for await (const { place, lastModified } of store.listTemporary()) {
        if (lastModified.getTime() < Date.now() - ORPHAN_AGE_MILLISECONDS) {
          unfinished.add(place)
        }
      }
    } catch (error) {
      if (!(error instanceof StorageError)) {
        throw error
      }
      findings.push(`strategy ${strategyId} cannot be looked through: ${error.message}`)
    }
  }
  if (unfinished.size > 0) {
    const names = [...unfinished].slice(0, ORPHANS_NAMED).join(', ')
    findings.push(`${unfinished.size} unfinished files are left over: does a worker run? ${names}`)
  }
  return { check: 'orphans', looked, findings }
}

function tellOrphans({ strategyId, objects, more }: Orphans): string[] {
  if (objects.length === 0) {
    return []
  }
  const count = `${objects.length}${more === 0 ? '' : ' and more'}`
  const bytes = objects.reduce((sum, { size }) => sum + size, 0)
  return [
    `strategy ${strategyId}: ${count} objects of ${bytes} bytes belong to nothing: see maintenance:sweep-orphans`,
    ...objects
      .slice(0, ORPHANS_NAMED)
      .map(({ key }) => `strategy ${strategyId}: ${key} belongs to nothing`),
  ]
}

/** Work that was given up. */
async function examineWork({ pool }: DoctorOptions): Promise<Examination> {
  const queues = await ledgerStatus(pool)
  const findings = queues
    .filter(({ dead }) => dead > 0)
    .map(({ queue, dead }) => `${queue}: ${dead} were given up: see queues:status`)
  return { check: 'work', looked: queues.length, findings }
}

/** Keys of persons that the site's key does not open. */
async function examineKeys({ pool, opensKeys, progress }: DoctorOptions): Promise<Examination> {
  const { rows } = await pool.query<{ subject: string }>(
    'select subject from secrets.personal_keys where wrapped_key is not null order by 1'
  )
  let lost = 0
  for (let from = 0; from < rows.length; from += KEYS_AT_ONCE) {
    const subjects = rows.slice(from, from + KEYS_AT_ONCE).map(({ subject }) => subject)
    lost += (await opensKeys(subjects)) ? 0 : subjects.length
    progress('keys', Math.min(from + KEYS_AT_ONCE, rows.length), rows.length)
  }
  const findings = lost === 0 ? [] : [`APP_KEY does not open all of ${lost} keys of persons`]
  return { check: 'keys', looked: rows.length, findings }
}
