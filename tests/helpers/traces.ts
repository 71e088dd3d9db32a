import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { withClient } from '#event_store/with_client'
import { entriesBelow } from '#tests/helpers/files_below'

/** What is looked through, by a name that says where it came from. */
export type Haystacks = Map<string, Buffer>

/** Every row of every table of a database, as PostgreSQL writes it out, and what its planner keeps of them. */
export async function dumpDatabase(url: string): Promise<Haystacks> {
  return withClient({ connectionString: url }, async (client) => {
    const { rows: tables } = await client.query<{ name: string }>(
      `select format('%I.%I', schemaname, tablename) as name from pg_tables
       where schemaname not in ('pg_catalog', 'information_schema')
       union all select 'pg_catalog.pg_stats'`
    )
    const dump: Haystacks = new Map()
    for (const { name } of tables) {
      const { rows } = await client.query<{ row: string }>(`select t::text as row from ${name} t`)
      dump.set(`table ${name}`, Buffer.from(rows.map(({ row }) => row).join('\n')))
    }
    return dump
  })
}

/** Every key and value of a Redis database. */
export async function dumpRedis(url: string): Promise<Haystacks> {
  const redis = new Redis(url)
  try {
    const dump: Haystacks = new Map()
    for (const key of await redis.keys('*')) {
      dump.set(`Redis ${key}`, Buffer.from(`${key}\n${await valueOf(redis, key)}`))
    }
    return dump
  } finally {
    redis.disconnect()
  }
}

async function valueOf(redis: Redis, key: string): Promise<string> {
  const readers: Record<string, () => Promise<unknown>> = {
    string: () => redis.get(key),
    hash: () => redis.hgetall(key),
    list: () => redis.lrange(key, '0', '-1'),
    set: () => redis.smembers(key),
    zset: () => redis.zrange(key, '0', '-1'),
    stream: () => redis.xrange(key, '-', '+'),
  }
  const type = await redis.type(key)
  return JSON.stringify((await readers[type]?.()) ?? null)
}

/** Every file below a folder, its name included. */
export async function readFolder(folder: string): Promise<Haystacks> {
  const files: Haystacks = new Map()
  for (const entry of await entriesBelow(folder)) {
    const path = join(entry.parentPath, entry.name)
    const content = entry.isFile() ? await readFile(path) : Buffer.alloc(0)
    files.set(`file ${path}`, Buffer.concat([Buffer.from(`${path}\n`), content]))
  }
  return files
}

/** Where one of the values stands, in any of the forms that it may be kept in. */
export function findTraces(values: readonly string[], haystacks: Haystacks): string[] {
  const needles = values.flatMap((value) => formsOf(value).map((form) => ({ value, form })))
  return [...haystacks].flatMap(([place, content]) => {
    const text = content.toString('latin1').toLowerCase()
    return needles
      .filter(({ form }) => text.includes(form))
      .map(({ value, form }) => `${value} in ${place} as ${form}`)
  })
}

/** A value in lower case: as UTF-8, escaped for JSON and URLs, in hex, and in base64 at each of its three alignments. */
function formsOf(value: string): string[] {
  const bytes = Buffer.from(value)
  const base64 = [0, 1, 2].map((shift) =>
    Buffer.concat([Buffer.alloc(shift), bytes, Buffer.alloc(2)])
      .toString('base64')
      // What the neighbours of the value decide is left out.
      .slice(shift === 0 ? 0 : shift + 1, -4)
  )
  const urlSafe = base64.map((text) => text.replaceAll('+', '-').replaceAll('/', '_'))
  return [
    ...new Set(
      [
        bytes.toString('latin1'),
        JSON.stringify(value).slice(1, -1),
        encodeURIComponent(value),
        bytes.toString('hex'),
        ...base64,
        ...urlSafe,
      ].map((form) => form.toLowerCase())
    ),
  ]
}
