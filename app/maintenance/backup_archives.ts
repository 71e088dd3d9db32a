import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { copyFile, mkdir, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type pg from 'pg'
import { blockEnd, listArchives, type Archive } from '#event_store/archive'
import { archiveTitle, openArchivePlace } from '#event_store/archive_reader'
import type { StrategyArchives } from '#event_store/archive_store'
import { FolderArchiveStore } from '#event_store/folder_archive_store'
import { hashOfFile, type BackedUpArchive, type Manifest } from './manifest.ts'

const FOLDER = 'archives'
const BLOCKS_AT_ONCE = 16

/** The archives of a log as a manifest tells of them, none of them in the backup. */
export async function referredArchives(client: Pick<pg.ClientBase, 'query'>): Promise<{
  archives: Archive[]
  told: BackedUpArchive[]
}> {
  const archives = await listArchives(client)
  const told = archives.map((archive) => ({
    first: archive.first,
    last: archive.last,
    name: archive.name,
    bytes: archive.bytes,
    sha256: archive.sha256.toString('hex'),
    place: archiveTitle(archive),
    in_strategy: 'strategyId' in archive.place,
    included: false,
  }))
  return { archives, told }
}

/** Copies archives into a backup; one that cannot be read, or is not what was written, is named and left out. */
export async function copyArchives(
  archives: readonly Archive[],
  told: readonly BackedUpArchive[],
  folder: string,
  strategies: StrategyArchives,
  progress: (done: number, total: number) => void
): Promise<Pick<Manifest, 'archives' | 'missing'>> {
  const missing: string[] = []
  const copied: BackedUpArchive[] = []
  await mkdir(join(folder, FOLDER), { recursive: true, mode: 0o700 })
  for (const [index, archive] of archives.entries()) {
    const target = pathInBackup(folder, archive.name)
    const hash = await copyArchive(archive, target, strategies).catch(() => null)
    const included = hash === archive.sha256.toString('hex')
    if (!included) {
      missing.push(archiveTitle(archive))
      await rm(target, { force: true })
    }
    copied.push(...told.slice(index, index + 1).map((one) => ({ ...one, included })))
    progress(index + 1, archives.length)
  }
  return { archives: copied, missing }
}

/** What is wrong with the archives that a backup holds. */
export async function includedFaults(folder: string, { archives }: Manifest): Promise<string[]> {
  const faults: string[] = []
  for (const { name, sha256 } of archives.filter(({ included }) => included)) {
    const found = await hashOfFile(pathInBackup(folder, name)).catch(() => null)
    if (found !== sha256) {
      faults.push(`${FOLDER}/${name} is not what was written`)
    }
  }
  return faults
}

/** Where an archive is to lie after a restore, and the file in the backup that is to be copied there, if any. */
export interface ReturnedArchive {
  first: number
  name: string
  /** `null`: where it was. */
  folder: string | null
  copyFrom: string | null
}

/**
 * How the archives of a backup are found again: those that it holds are put into a folder, all others must lie there, or
 * where they were.
 */
export async function planReturn(
  { archives }: Manifest,
  backup: string,
  folder: string | null,
  ownFolder: string
): Promise<{ faults: string[]; returned: ReturnedArchive[] }> {
  const faults: string[] = []
  const returned: ReturnedArchive[] = []
  for (const { first, last, name, sha256, place, in_strategy: inStrategy, included } of archives) {
    const events = `Events ${first} to ${last}`
    if (included) {
      const copyFrom = pathInBackup(backup, name)
      returned.push({ first, name, folder: folder ?? ownFolder, copyFrom })
      continue
    }
    if (folder === null && inStrategy) {
      faults.push(
        `${events} are in ${place}, whose settings come back from the log only: copy it into a folder and say --archives=FOLDER`
      )
      continue
    }
    const path = folder === null ? place : join(folder, name)
    const found = await hashOfFile(path).catch(() => null)
    if (found !== sha256) {
      const what = found === null ? 'is not there' : 'is not what was written'
      faults.push(`${events} are in the archive ${path}, which ${what}: say --archives=FOLDER`)
    }
    returned.push({ first, name, folder, copyFrom: null })
  }
  return { faults, returned }
}

/** Puts the files of a backup into their folder, and has the database know where all are. */
export async function returnArchives(
  client: Pick<pg.ClientBase, 'query'>,
  returned: readonly ReturnedArchive[]
): Promise<void> {
  for (const { first, name, folder, copyFrom } of returned) {
    if (folder === null) {
      continue
    }
    if (copyFrom !== null && !existsSync(join(folder, name))) {
      const store = new FolderArchiveStore(folder)
      const temporary = await store.temporaryPath()
      await copyFile(copyFrom, temporary)
      await store.commit(temporary, name)
    }
    await client.query(
      'update log.archives set folder = $2, strategy_id = null where first_position = $1',
      [first, folder]
    )
  }
}

function pathInBackup(folder: string, name: string): string {
  return join(folder, FOLDER, name)
}

async function copyArchive(
  archive: Archive,
  target: string,
  strategies: StrategyArchives
): Promise<string> {
  const store = await openArchivePlace(archive.place, strategies)
  const hash = createHash('sha256')
  const file = await open(target, 'wx', 0o600)
  try {
    for (let block = 0; block < archive.blockOffsets.length; block += BLOCKS_AT_ONCE) {
      const last = Math.min(block + BLOCKS_AT_ONCE, archive.blockOffsets.length) - 1
      const start = archive.blockOffsets[block] ?? 0
      const bytes = await store.read(archive.name, start, blockEnd(archive, last) - 1)
      hash.update(bytes)
      await file.writeFile(bytes)
    }
    await file.sync()
  } finally {
    await file.close()
  }
  return hash.digest('hex')
}
