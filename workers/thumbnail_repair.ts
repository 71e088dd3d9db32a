import { randomUUID } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { SYSTEM_ACTOR, type CommandContext } from '#handlers/command_context'
import { ImagingError } from '#imaging/errors'
import type { Workshop } from '#imaging/workshop/workshop'
import { StorageError } from '#storage/errors'
import { thumbnailKey } from '#storage/object_key'
import { storeThumbnail } from '#storage/thumbnails'
import type { WorkerPorts } from './ports.ts'
import { strategyOf } from './strategy_settings.ts'

const PAGE = 100

export interface ThumbnailRepairOptions {
  ports: Pick<WorkerPorts, 'pool' | 'handlers' | 'objectStores'> & {
    workshop: Pick<Workshop, 'run'>
  }
  /** Only images after this id; how a broken off repair goes on. */
  after: number
  /** Looks only. */
  dryRun: boolean
  progress: (looked: number, total: number) => void
  stopped: () => boolean
}

export interface ThumbnailRepairResult {
  looked: number
  /** Thumbnails that were missing, had failed or had no ThumbHash. */
  broken: number
  repaired: number
  /** Images whose thumbnail cannot be made, with the reason. */
  failed: { imageId: number; reason: string }[]
  /** Everything up to this id was looked at. */
  lastId: number
}

interface Suspect {
  image_id: string
  strategy_id: string
  object_key: string
  md5: string
  thumbnail_status: 'pending' | 'completed' | 'failed'
  thumbnail_key: string | null
  thumbhash: string | null
}

/**
 * Looks at the thumbnail of every image, and makes anew those that are missing from storage, had failed or have no
 * ThumbHash. Doing it twice changes nothing, so that it can be broken off at any time.
 */
export async function repairThumbnails(
  options: ThumbnailRepairOptions
): Promise<ThumbnailRepairResult> {
  const { ports, after, progress, stopped } = options
  const total = await countAfter(ports.pool, after)
  const result: ThumbnailRepairResult = {
    looked: 0,
    broken: 0,
    repaired: 0,
    failed: [],
    lastId: after,
  }
  while (!stopped()) {
    const page = await pageAfter(ports.pool, result.lastId)
    const last = page.at(-1)
    if (last === undefined) {
      break
    }
    const queue = [...page]
    const lane = async () => {
      for (let image = queue.shift(); image !== undefined; image = queue.shift()) {
        await look(options, image, result)
        progress((result.looked += 1), total)
      }
    }
    await Promise.all(Array.from({ length: availableParallelism() }, lane))
    result.lastId = Number(last.image_id)
  }
  return result
}

async function look(
  { ports, dryRun }: ThumbnailRepairOptions,
  image: Suspect,
  result: ThumbnailRepairResult
): Promise<void> {
  const { pool, objectStores } = ports
  const store = objectStores.get(await strategyOf(pool, Number(image.strategy_id)))
  const isWhole =
    image.thumbnail_status === 'completed' &&
    image.thumbhash !== null &&
    (await store.stat(image.thumbnail_key ?? thumbnailKey(image.md5))) !== null
  if (isWhole) {
    return
  }
  result.broken += 1
  if (dryRun) {
    return
  }
  const imageId = Number(image.image_id)
  try {
    const thumbnail = await storeThumbnail(
      store,
      { objectKey: image.object_key, md5: image.md5 },
      ports.workshop
    )
    await ports.handlers.image.recordThumbnail({ imageId, ...thumbnail }, repairContext())
    result.repaired += 1
  } catch (error) {
    const isLost = error instanceof StorageError && error.code === 'E_OBJECT_MISSING'
    if (!(error instanceof ImagingError || isLost)) {
      throw error
    }
    result.failed.push({ imageId, reason: error.message })
  }
}

async function countAfter(pool: WorkerPorts['pool'], after: number): Promise<number> {
  const { rows } = await pool.query<{ total: string }>({
    name: 'thumbnails_to_look_at',
    text: 'select count(*) as total from read.images where image_id > $1 and deleted_at is null',
    values: [after],
  })
  return Number(rows[0]?.total ?? 0)
}

async function pageAfter(pool: WorkerPorts['pool'], after: number): Promise<Suspect[]> {
  const { rows } = await pool.query<Suspect>({
    name: 'thumbnails_page',
    text: `select image_id, strategy_id, object_key, md5, thumbnail_status, thumbnail_key, thumbhash
           from read.images where image_id > $1 and deleted_at is null
           order by image_id limit $2`,
    values: [after, PAGE],
  })
  return rows
}

function repairContext(): CommandContext {
  return {
    actor: SYSTEM_ACTOR,
    correlationId: randomUUID(),
    causationId: null,
    ip: null,
    userAgent: null,
    source: 'console',
  }
}
