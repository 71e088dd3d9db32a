import type pg from 'pg'
import { withClient } from '#event_store/with_client'
import { takeArchivedOrigins } from './archived_origins.ts'
import {
  includedFaults,
  planReturn,
  returnArchives,
  type ReturnedArchive,
} from './backup_archives.ts'
import { MaintenanceError } from './errors.ts'
import { fileFaults, keyCheckOf, readManifest, type Manifest } from './manifest.ts'
import { columnsOf, KEY_TABLES, loadTable, quoted, readMigrations } from './tables.ts'

export interface RestoreOptions {
  connectionString: string
  appKey: string
  folder: string
  /** Where the keys lie when they were written apart. */
  keysFolder: string | null
  /** Where archives of the log are to lie, or lie already; `null`: those that the backup has not are where they were. */
  archivesFolder: string | null
  /** Where those go that the backup has, unless told. */
  ownArchivesFolder: string
}

/** A backup that was looked at, against the database that it would go into. */
export interface Preflight {
  content: Manifest
  keys: Manifest | null
  archives: ReturnedArchive[]
  /** What stands in the way. */
  faults: string[]
  /** Whether the database holds more than a new site does. */
  isInUse: boolean
}

/** Events that every new site begins with. */
const OF_A_NEW_SITE = '^(group|strategy|site)(-|$)'

/** Looks, and changes nothing. */
export async function preflight(options: RestoreOptions): Promise<Preflight> {
  const { folder, keysFolder, appKey } = options
  const content = await readManifest(folder)
  const keys = keysFolder === null ? null : await readManifest(keysFolder)
  const faults = await fileFaults(folder, content)
  faults.push(...(await includedFaults(folder, content)))
  const planned = await planReturn(
    content,
    folder,
    options.archivesFolder,
    options.ownArchivesFolder
  )
  faults.push(...planned.faults)
  if (keys !== null && keysFolder !== null) {
    faults.push(...(await fileFaults(keysFolder, keys)))
    if (keys.hash !== content.hash) {
      faults.push('The keys are of another backup')
    }
  }
  if (content.key_check !== keyCheckOf(appKey)) {
    faults.push('APP_KEY is another than that of the site which was backed up')
  }
  const dumped = [...content.tables, ...(keys?.tables ?? [])]
  for (const table of KEY_TABLES.filter((name) => !dumped.some((one) => one.table === name))) {
    faults.push(`${table} is not in the backup: say where the keys lie`)
  }
  return withClient({ connectionString: options.connectionString }, async (client) => {
    faults.push(...(await schemaFaults(client, content, dumped)))
    return {
      content,
      keys,
      archives: planned.returned,
      faults,
      isInUse: await isInUse(client),
    }
  })
}

/**
 * Puts the log, the secrets and the owed work of a backup in place of what the database has, all or nothing. Read
 * models are emptied: they come back from the log.
 *
 * @throws MaintenanceError when something stands in the way, or the database is in use and `force` is not said
 */
export async function restore(
  options: RestoreOptions & {
    force: boolean
    progress: (what: string, done: number, total: number) => void
  }
): Promise<Manifest> {
  const { content, keys, archives, faults, isInUse: inUse } = await preflight(options)
  if (faults.length > 0) {
    throw new MaintenanceError('E_RESTORE_REFUSED', faults.join('; '))
  }
  if (inUse && !options.force) {
    throw new MaintenanceError('E_RESTORE_REFUSED', 'The database is in use; --force replaces all')
  }
  return withClient({ connectionString: options.connectionString }, async (client) => {
    await client.query('begin')
    const archived = content.archives.at(-1)?.last ?? 0
    await client.query('select log.lay_out($1, $2)', [archived, content.position])
    await empty(
      client,
      [...content.tables, ...(keys?.tables ?? [])].map(({ table }) => table)
    )
    const parts: Array<[string, Manifest]> = [[options.folder, content]]
    if (keys !== null && options.keysFolder !== null) {
      parts.push([options.keysFolder, keys])
    }
    for (const [folder, { tables }] of parts) {
      for (const table of tables) {
        await loadTable(client, table, folder, (rows) =>
          options.progress(table.table, rows, table.rows)
        )
      }
    }
    await client.query(
      'update log.head set partitioned = (select max(last_position) from log.partitions)'
    )
    await returnArchives(client, archives)
    await takeArchivedOrigins(client, (done, total) => options.progress('archives', done, total))
    for (const { name, value, called } of content.sequences) {
      await client.query('select setval(to_regclass($1), $2::bigint, $3)', [name, value, called])
    }
    await client.query('commit')
    return content
  })
}

/** Takes out what the database has beside events, the rows of read models too. */
async function empty(client: pg.Client, tables: readonly string[]): Promise<void> {
  const { rows } = await client.query<{ name: string }>(
    `select schemaname || '.' || tablename as name from pg_tables where schemaname = 'read'`
  )
  const others = tables.filter((name) => name !== 'log.events')
  const all = [...others, ...rows.map(({ name }) => name)].map(quoted).join(', ')
  // A backup of before there were an index of the log and archives has none.
  await client.query('truncate log.event_index, log.archives')
  await client.query(`truncate ${all}`)
  await client.query(`delete from run.parked_events`)
  await client.query('truncate run.event_origins')
  await client.query('update run.event_origins_end set position = 0')
  await client.query(`update run.checkpoints set position = 0 where slot = 'live'`)
}

async function schemaFaults(
  client: pg.Client,
  content: Manifest,
  dumped: Manifest['tables']
): Promise<string[]> {
  const installed = await readMigrations(client)
  const unknown = content.migrations.filter((name) => !installed.includes(name))
  const faults = unknown.map((name) => `The database lacks the migration ${name}`)
  for (const { table, columns } of dumped) {
    const present = (await columnsOf(client, table)).map(({ name }) => name)
    const lost = columns.filter((name) => !present.includes(name))
    if (lost.length > 0) {
      faults.push(`The database has no ${table} with ${lost.join(', ')}`)
    }
  }
  return faults
}

async function isInUse(client: pg.Client): Promise<boolean> {
  const { rows } = await client.query<{ used: boolean }>(
    `select exists (select 1 from log.archives)
       or exists (select 1 from log.events where stream !~ $1) as used`,
    [OF_A_NEW_SITE]
  )
  return rows[0]?.used ?? false
}
