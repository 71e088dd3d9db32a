import { existsSync } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import type pg from 'pg'
import { withClient } from '#event_store/with_client'
import { holdLog } from '#proofs/snapshot'
import type { StrategyArchives } from '#event_store/archive_store'
import { copyArchives, referredArchives } from './backup_archives.ts'
import { MaintenanceError } from './errors.ts'
import { newManifest, writeManifest, type Manifest } from './manifest.ts'
import { copyObjects, referredObjects, type StoreOf } from './objects.ts'
import { dumpTable, KEY_TABLES, keptTables, readMigrations, readSequences } from './tables.ts'

export interface BackupOptions {
  connectionString: string
  appKey: string
  /** Made by the backup; it must not be there yet. */
  folder: string
  /** Where keys go, with APP_KEY, when they are to lie apart; a folder that is made too. */
  keysFolder: string | null
  /** How to get at the objects, when they are to be taken along. */
  storeOf: StoreOf | null
  /** How to get at archives of the log, when they are to be taken along. */
  archives: StrategyArchives | null
  progress: (what: string, done: number, total: number) => void
}

/**
 * Writes down the log, the secrets beside it and the work that is owed, all as of one moment, while the site goes on.
 * Read models are not in it: they come back from the log. It appears under its name only once it is whole.
 *
 * @throws MaintenanceError when something is there already
 */
export async function backUp(options: BackupOptions): Promise<Manifest> {
  const { folder, keysFolder } = options
  for (const target of [folder, ...(keysFolder === null ? [] : [keysFolder])]) {
    if (existsSync(target)) {
      throw new MaintenanceError('E_BACKUP_EXISTS', `${target} is there already`)
    }
  }
  const partial = `${folder}.partial`
  const partialKeys = keysFolder === null ? partial : `${keysFolder}.partial`
  await rm(partial, { recursive: true, force: true })
  await rm(partialKeys, { recursive: true, force: true })
  await mkdir(partial, { recursive: true, mode: 0o700 })
  await mkdir(partialKeys, { recursive: true, mode: 0o700 })

  return withClient({ connectionString: options.connectionString }, async (client) => {
    await client.query('begin isolation level repeatable read, read only')
    await holdLog(client)
    const content = await writeParts(client, options, partial, partialKeys)
    await rename(partial, folder)
    if (keysFolder !== null) {
      await rename(partialKeys, keysFolder)
    }
    return content
  })
}

async function writeParts(
  client: pg.Client,
  { appKey, keysFolder, storeOf, archives: strategies, progress }: BackupOptions,
  folder: string,
  folderOfKeys: string
): Promise<Manifest> {
  const head = await client.query<{ position: string; hash: string }>(
    `select position, encode(hash, 'hex') as hash from log.head`
  )
  const common = {
    ...newManifest(appKey),
    position: Number(head.rows[0]?.position ?? 0),
    hash: head.rows[0]?.hash ?? '',
    migrations: await readMigrations(client),
  }
  const content: Manifest = { ...common, tables: [], sequences: await readSequences(client) }
  const keys: Manifest = { ...common, tables: [], app_key: appKey }
  for (const table of await keptTables(client)) {
    const isKept = keysFolder !== null && KEY_TABLES.includes(table)
    const { tables } = isKept ? keys : content
    const total = await estimatedRows(client, table)
    tables.push(
      await dumpTable(client, table, isKept ? folderOfKeys : folder, (rows) =>
        progress(table, rows, Math.max(rows, total))
      )
    )
  }
  if (storeOf !== null) {
    const objects = await referredObjects(client)
    const copied = await copyObjects(objects, folder, storeOf, (done, total) =>
      progress('objects', done, total)
    )
    Object.assign(content, copied)
  }
  const { archives, told } = await referredArchives(client)
  content.archives = told
  if (strategies !== null && archives.length > 0) {
    const copied = await copyArchives(archives, told, folder, strategies, (done, total) =>
      progress('archives', done, total)
    )
    content.archives = copied.archives
    content.missing.push(...copied.missing)
  }
  if (keysFolder !== null) {
    await writeManifest(folderOfKeys, keys)
  }
  await writeManifest(folder, content)
  return content
}

async function estimatedRows(client: pg.Client, table: string): Promise<number> {
  const { rows } = await client.query<{ rows: number }>(
    'select greatest(reltuples, 0)::float8 as rows from pg_class where oid = to_regclass($1)',
    [table]
  )
  return Math.round(rows[0]?.rows ?? 0)
}
