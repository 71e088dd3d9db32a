import db from '@adonisjs/lucid/services/db'
import type { BigintColumn } from './columns.ts'

/** What the whole site holds; `guest…` is visitors' part of it. */
export interface SiteTotals {
  accounts: number
  frozenAccounts: number
  images: number
  albums: number
  bytes: number
  guestImages: number
  guestBytes: number
}

/** The database as it reports of itself. */
export interface DatabaseState {
  version: string
  sizeBytes: number
  connections: number
  maxConnections: number
}

interface TotalsRow {
  accounts: BigintColumn
  frozen: BigintColumn
  images: BigintColumn
  albums: BigintColumn
  bytes: BigintColumn
  guest_images: BigintColumn
  guest_bytes: BigintColumn
}

interface DatabaseRow {
  version: string
  size: BigintColumn
  connections: BigintColumn
  most: string
}

/** Visitors' uploads are counted under the account id 0. */
export async function readSiteTotals(): Promise<SiteTotals> {
  const row = await firstRow<TotalsRow>(
    `select a.*, u.* from
       (select count(*) as accounts, count(*) filter (where status = 0) as frozen
        from read.accounts) a,
       (select coalesce(sum(image_num), 0) as images, coalesce(sum(album_num), 0) as albums,
          coalesce(sum(used_bytes), 0) as bytes,
          coalesce(sum(image_num) filter (where account_id = 0), 0) as guest_images,
          coalesce(sum(used_bytes) filter (where account_id = 0), 0) as guest_bytes
        from read.usage) u`
  )
  return {
    accounts: Number(row.accounts),
    frozenAccounts: Number(row.frozen),
    images: Number(row.images),
    albums: Number(row.albums),
    bytes: Number(row.bytes),
    guestImages: Number(row.guest_images),
    guestBytes: Number(row.guest_bytes),
  }
}

export async function readDatabaseState(): Promise<DatabaseState> {
  const row = await firstRow<DatabaseRow>(
    `select current_setting('server_version') as version,
       pg_database_size(current_database()) as size,
       (select count(*) from pg_stat_activity where datname = current_database()) as connections,
       current_setting('max_connections') as most`
  )
  return {
    version: row.version,
    sizeBytes: Number(row.size),
    connections: Number(row.connections),
    maxConnections: Number(row.most),
  }
}

async function firstRow<Row>(query: string): Promise<Row> {
  const { rows }: { rows: Row[] } = await db.rawQuery(query)
  const [row] = rows
  if (row === undefined) {
    throw new TypeError('A query of totals answered no row')
  }
  return row
}
