import type pg from 'pg'
import { OBJECT_REFERENCES, REMOVED_OBJECT_REFERENCES } from '#domain/guards'
import { thumbnailMd5 } from '#storage/object_key'
import { ARCHIVE_FOLDER } from '#storage/strategy_archive_store'

/**
 * Which objects belong to something: one that images refer to or did, whose removal is owed; a thumbnail of bytes that an
 * image has; an account's export; an archive of the log; one that is being stored. What images refer to, the log's own sums tell.
 */
const KNOWN = `
  with names as (
    select * from unnest($1::integer[], $2::text[], $3::text[]) as u(n, key, md5)
  )
  select n from names cross join read.strategies s
    join log.budgets b on b.scope = $7 || s.strategy_id || ':' || names.key
    where b.used >= 0 and b.used < $4
  union select n from names join read.images i on i.md5 = names.md5
  union select n from names join read.exports e on e.object_key = names.key
  union select n from names join log.archives a
    on a.strategy_id is not null and names.key = $6 || '/' || a.name
  union select n from names cross join read.strategies s
    join run.object_reservations r on r.strategy_id = s.strategy_id and r.object_key = names.key
    where $5`

/**
 * Those of some keys that belong to something, in whatever strategy: several may lie in one place, or one below another,
 * where each sees the others' objects as its own. `reserved`: whether that includes what is being stored.
 */
export async function knownKeys(
  pool: Pick<pg.Pool, 'query'>,
  keys: readonly string[],
  { reserved } = { reserved: true }
): Promise<ReadonlySet<string>> {
  const names = keys.flatMap((key, index) => endsOf(key).map((end) => ({ index, end })))
  const { rows } = await pool.query<{ n: number }>(KNOWN, [
    names.map(({ index }) => index),
    names.map(({ end }) => end),
    names.map(({ end }) => thumbnailMd5(end)),
    REMOVED_OBJECT_REFERENCES,
    reserved,
    ARCHIVE_FOLDER,
    OBJECT_REFERENCES,
  ])
  return new Set(rows.flatMap(({ n }) => keys[n] ?? []))
}

/** A key, and what it is called from the folders that it lies in. */
function endsOf(key: string): string[] {
  const names = key.split('/')
  return names.map((_name, index) => names.slice(index).join('/'))
}
