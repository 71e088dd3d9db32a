import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type pg from 'pg'
import { z } from 'zod'
import { OBJECT_REFERENCES, REMOVED_OBJECT_REFERENCES } from '#domain/guards'
import { StorageError } from '#storage/errors'
import { checkObjectKey } from '#storage/object_key'
import type { ObjectStore } from '#storage/object_store'
import { readLines, writeLines } from './lines.ts'
import type { Manifest } from './manifest.ts'

const LIST = 'objects.ndjson.gz'
const FOLDER = 'objects'

/** The store of a strategy, by its id. */
export type StoreOf = (strategyId: number) => Promise<ObjectStore>

/** An object that rows refer to. */
export interface ReferredObject {
  strategyId: number
  key: string
  /** Not known of a thumbnail, nor of what read models do not show. */
  size: number | null
}

const listedObject = z.object({
  strategy_id: z.int().positive(),
  key: z.string().transform(checkObjectKey),
  size: z.int().nonnegative(),
  sha256: z.string(),
})

const REFERRED = `
  with late as (
    select type, (data->>'image_id')::bigint as image_id, (data->>'strategy_id')::bigint as strategy_id,
      data->>'object_key' as key
    from log.events
    where type in ('image.uploaded', 'image.thumbnail_generated') and position > coalesce(
      (select position from run.checkpoints where projection = 'images' and slot = 'live'), 0)
  ), objects as (
    select strategy_id, object_key as key, size_bytes as size from read.images
    union all
    select strategy_id, thumbnail_key, null from read.images where thumbnail_key is not null
    union all
    select split_part(scope, ':', 2)::bigint, substr(scope, length($1 || split_part(scope, ':', 2) || ':') + 1), null
    from log.budgets where starts_with(scope, $1) and used > 0 and used < $2
    union all
    select coalesce(i.strategy_id, u.strategy_id), t.key, null
    from late t
      left join read.images i on i.image_id = t.image_id
      left join late u on u.image_id = t.image_id and u.type = 'image.uploaded'
    where t.type = 'image.thumbnail_generated' and coalesce(i.strategy_id, u.strategy_id) is not null
  )
  select strategy_id, key, max(size) as size from objects group by 1, 2 order by 1, 2`

/**
 * Originals and thumbnails that images refer to, deleted ones that can be restored included. Read models come a moment
 * after the log, and lack what is parked: the log's own sums tell of originals that they do not show yet, and its last events
 * of thumbnails.
 */
export async function referredObjects(client: Pick<pg.Client, 'query'>): Promise<ReferredObject[]> {
  const { rows } = await client.query<{ strategy_id: string; key: string; size: string | null }>(
    REFERRED,
    [OBJECT_REFERENCES, REMOVED_OBJECT_REFERENCES]
  )
  return rows.map(({ strategy_id, key, size }) => ({
    strategyId: Number(strategy_id),
    key,
    size: size === null ? null : Number(size),
  }))
}

/** Copies the objects into the folder; one that cannot be read is named, and does not keep the others. */
export async function copyObjects(
  objects: readonly ReferredObject[],
  folder: string,
  storeOf: StoreOf,
  progress: (done: number, total: number) => void
): Promise<Pick<Manifest, 'objects' | 'missing'>> {
  const missing: string[] = []
  let bytes = 0
  let done = 0
  async function* copies() {
    for (const { strategyId, key } of objects) {
      const target = join(folder, FOLDER, String(strategyId), checkObjectKey(key))
      try {
        const copied = await copyObject(await storeOf(strategyId), key, target)
        bytes += copied.size
        yield { strategy_id: strategyId, key, ...copied }
      } catch (error) {
        if (!(error instanceof StorageError)) {
          throw error
        }
        await rm(target, { force: true })
        missing.push(`${strategyId}/${key}`)
      }
      progress(++done, objects.length)
    }
  }
  const written = await writeLines(join(folder, LIST), copies())
  return { objects: { file: LIST, bytes, ...written }, missing }
}

/** Puts the objects of a backup back where their strategies have them now; what is there already stays. */
export async function returnObjects(
  folder: string,
  total: number,
  storeOf: StoreOf,
  progress: (done: number, total: number) => void
): Promise<void> {
  let done = 0
  for await (const line of readLines(join(folder, LIST))) {
    const { strategy_id: strategyId, key, size } = listedObject.parse(line)
    const store = await storeOf(strategyId)
    const present = await store.stat(key)
    if (present?.size !== size) {
      const temporary = await store.temporaryPath()
      const source = createReadStream(join(folder, FOLDER, String(strategyId), key))
      await pipeline(source, createWriteStream(temporary, { flush: true }))
      try {
        await store.commitFile(temporary, key)
      } finally {
        await rm(temporary, { force: true })
      }
    }
    progress(++done, total)
  }
}

/** What is wrong with the objects of a backup. */
export async function objectFaults(folder: string): Promise<string[]> {
  const faults: string[] = []
  for await (const line of readLines(join(folder, LIST))) {
    const { strategy_id: strategyId, key, sha256 } = listedObject.parse(line)
    const path = join(folder, FOLDER, String(strategyId), key)
    const found = await digest(createReadStream(path)).catch(() => null)
    if (found?.sha256 !== sha256) {
      faults.push(`objects/${strategyId}/${key} is not what was written`)
    }
  }
  return faults
}

async function copyObject(store: ObjectStore, key: string, target: string) {
  await mkdir(dirname(target), { recursive: true })
  const hash = createHash('sha256')
  let size = 0
  const hashing = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk)
      size += chunk.length
      done(null, chunk)
    },
  })
  await pipeline(await store.read(key), hashing, createWriteStream(target, { mode: 0o600 }))
  return { size, sha256: hash.digest('hex') }
}

async function digest(source: AsyncIterable<Buffer>): Promise<{ sha256: string }> {
  const hash = createHash('sha256')
  for await (const chunk of source) {
    hash.update(chunk)
  }
  return { sha256: hash.digest('hex') }
}
