import { join } from 'node:path'
import pg from 'pg'
import { z } from 'zod'
import { readLines, writeLines } from './lines.ts'
import type { DumpedTable, Manifest } from './manifest.ts'

type Client = Pick<pg.Client, 'query'>

const PAGE = 2_000

/**
 * The log, what lies beside it, and the work that is owed. All else follows from these. Where the log is in EventStoreDB, a
 * backup holds the copy, and nothing of how far it was. Partitions are made as they are needed.
 */
const KEPT = `n.nspname = 'secrets'
  or (n.nspname = 'log' and c.relname not in ('eventstoredb', 'reservations', 'partitions'))
  or (n.nspname = 'run' and c.relname in ('relay_checkpoint', 'job_ledger'))`

/** What opens personal data and signs; worth nothing without APP_KEY. */
export const KEY_TABLES: readonly string[] = ['secrets.personal_keys', 'secrets.signing_key']

/** Rows as they leave and enter the database: each column as PostgreSQL writes it. */
const rowOfTexts = z.array(z.string().nullable())

interface Column {
  name: string
  type: string
}

export async function keptTables(client: Client): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `select n.nspname || '.' || c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.relkind in ('r', 'p') and not c.relispartition and (${KEPT}) order by 1`
  )
  return rows.map(({ name }) => name)
}

export async function columnsOf(client: Client, table: string): Promise<Column[]> {
  const { rows } = await client.query<Column>(
    `select attname as name, format_type(atttypid, atttypmod) as type from pg_attribute
     where attrelid = to_regclass($1) and attnum > 0 and not attisdropped and attgenerated = ''
     order by attnum`,
    [table]
  )
  return rows
}

/** Writes a table to a file in the folder, page by page, as the client's transaction sees it. */
export async function dumpTable(
  client: Client,
  table: string,
  folder: string,
  progress: (rows: number) => void
): Promise<DumpedTable> {
  const columns = (await columnsOf(client, table)).map(({ name }) => name)
  const file = `${table}.ndjson.gz`
  const list = columns.map((name) => `${pg.escapeIdentifier(name)}::text`).join(', ')
  await client.query(`declare backup_rows cursor for select ${list} from ${quoted(table)}`)
  async function* rows() {
    let done = 0
    for (;;) {
      const page = await client.query({
        text: `fetch ${PAGE} from backup_rows`,
        rowMode: 'array',
      } as pg.QueryArrayConfig)
      yield* page.rows as unknown[]
      done += page.rows.length
      progress(done)
      if (page.rows.length < PAGE) {
        return
      }
    }
  }
  const written = await writeLines(join(folder, file), rows())
  await client.query('close backup_rows')
  return { table, columns, file, ...written }
}

/** Fills an empty table from its file. */
export async function loadTable(
  client: Client,
  { table, columns, file }: DumpedTable,
  folder: string,
  progress: (rows: number) => void
): Promise<void> {
  const types = new Map((await columnsOf(client, table)).map(({ name, type }) => [name, type]))
  const names = columns.map((name) => pg.escapeIdentifier(name))
  const casts = columns.map((name, index) => `${names[index]}::${types.get(name)}`)
  const arrays = columns.map((_, index) => `$${index + 1}::text[]`)
  const statement = `insert into ${quoted(table)} (${names.join(', ')})
    select ${casts.join(', ')} from unnest(${arrays.join(', ')}) as u(${names.join(', ')})`
  let page: Array<Array<string | null>> = []
  let done = 0
  const flush = async () => {
    const values = columns.map((_, index) => page.map((row) => row[index] ?? null))
    await client.query(statement, values)
    done += page.length
    page = []
    progress(done)
  }
  for await (const line of readLines(join(folder, file))) {
    page.push(rowOfTexts.parse(line))
    if (page.length === PAGE) {
      await flush()
    }
  }
  if (page.length > 0) {
    await flush()
  }
}

export async function readSequences(client: Client): Promise<Manifest['sequences']> {
  const { rows } = await client.query<{ name: string }>(
    `select schemaname || '.' || sequencename as name from pg_sequences
     where schemaname in ('log', 'secrets') order by 1`
  )
  const sequences: Manifest['sequences'] = []
  for (const { name } of rows) {
    const found = await client.query<{ value: string; called: boolean }>(
      `select last_value::text as value, is_called as called from ${quoted(name)}`
    )
    sequences.push(...found.rows.map((row) => ({ name, ...row })))
  }
  return sequences
}

export async function readMigrations(client: Client): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>('select name from adonis_schema order by 1')
  return rows.map(({ name }) => name)
}

export function quoted(table: string): string {
  return table
    .split('.')
    .map((part) => pg.escapeIdentifier(part))
    .join('.')
}
