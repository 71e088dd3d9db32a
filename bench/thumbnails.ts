import { availableParallelism } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import sharp from './own_sharp.ts'
import { Dispatcher } from '../app/jobs/dispatcher.ts'
import { JobLedger } from '../app/jobs/ledger.ts'
import { Relay } from '../app/jobs/relay.ts'
import { WorkerRuntime } from '../app/jobs/worker_runtime.ts'
import { Workshop } from '../app/imaging/workshop/workshop.ts'
import { ThumbnailsWorker } from '../workers/thumbnails_worker.ts'
import { THUMBNAIL_SIDE } from '../app/imaging/thumbnail.ts'
import { catchUp } from '../app/projections/catch_up.ts'
import { projections } from '../app/projections/registry.ts'
import { thumbnails as thumbnailsReactor } from '../app/reactors/thumbnails.ts'
import { createServices } from '../start/services.ts'
import { SITE_KEY, type Environment } from './environment.ts'
import { METADATA, uploadOf } from './events.ts'
import { makePhotograph } from './pictures.ts'
import { figure, type Figure } from './report.ts'
import { interleave } from './rounds.ts'

/** So many that beginning and ending weigh little. */
const COUNT = 200
const LOOK_MILLISECONDS = 100

/**
 * Thumbnails a second of a photograph of 12 megapixels, from the event of the upload to the settled ledger row, beside
 * sharp in process on as many cores.
 */
export async function thumbnails(environment: Environment): Promise<Figure[]> {
  const count = environment.smoke ? 4 : COUNT
  const databaseUrl = await environment.database('bench_thumbnails')
  const { DATA_DIR: dataDir = '' } = environment.processEnv(databaseUrl)
  const { redisUrl } = environment
  const services = createServices({ databaseUrl, redisUrl, appKey: SITE_KEY, dataDir })
  const { eventStore, objectStores, pool } = services
  const ledger = new JobLedger(pool)
  const warn = (message: string, error: unknown) => console.error(message, error)
  await catchUp(
    { connectionString: databaseUrl, eventStore, projections },
    (await eventStore.head()).position
  )
  const photograph = await makePhotograph()
  const file = join(environment.folder, 'photograph.jpg')
  await writeFile(file, photograph)
  const store = objectStores.get({
    id: 1,
    type: 'local',
    configs: { root: 'objects' },
    updatedAt: '',
  })
  const { object_key: objectKey } = uploadOf(1).data
  await store.put(objectKey, photograph)
  let next = 1

  const ours = async () => {
    const ids = Array.from({ length: count }, () => (next += 1))
    await Promise.all(
      ids.map((id) => {
        const upload = uploadOf(id)
        return eventStore.append({
          stream: `image-${id}`,
          expectedVersion: 'none',
          events: [{ ...upload, data: { ...upload.data, object_key: objectKey } }],
          metadata: METADATA,
        })
      })
    )
    const { position: head } = await eventStore.head()
    const dispatcher = new Dispatcher({ ledger, redisUrl, warn })
    const relay = new Relay({
      connectionString: databaseUrl,
      eventStore,
      reactors: [thumbnailsReactor],
      owed: () => dispatcher.wake(),
      warn,
    })
    const workers = new WorkerRuntime({
      processors: [new ThumbnailsWorker({ ...services, workshop: new Workshop() })],
      ledger,
      redis: () => new Redis(redisUrl, { maxRetriesPerRequest: null }),
      isBusy: async () => false,
      warn,
    })
    const startedAt = performance.now()
    workers.start()
    dispatcher.start()
    relay.start()
    while (await isUnsettled(services, head)) {
      await delay(LOOK_MILLISECONDS)
    }
    const seconds = (performance.now() - startedAt) / 1000
    await relay.stop()
    await dispatcher.stop()
    await workers.stop()
    return count / seconds
  }

  const limit = async () => {
    const startedAt = performance.now()
    let left = count
    const lane = async () => {
      while (left-- > 0) {
        await sharp(await readFile(file))
          .autoOrient()
          .resize(THUMBNAIL_SIDE, THUMBNAIL_SIDE, { fit: 'inside' })
          .webp({ quality: 80, effort: 3 })
          .toBuffer()
      }
    }
    await Promise.all(Array.from({ length: availableParallelism() }, lane))
    return count / ((performance.now() - startedAt) / 1000)
  }

  try {
    const medians = await interleave({ ours, limit }, environment.rounds)
    return [
      figure('thumbnails', `${count} of 12 megapixels through the queue`, 'thumbnails/s', medians),
    ]
  } finally {
    await services.close()
  }
}

/** Whether the relay stands before a position, or work that it wrote down is not done. */
async function isUnsettled(
  { pool }: ReturnType<typeof createServices>,
  head: number
): Promise<boolean> {
  const { rows } = await pool.query<{ unsettled: boolean }>({
    name: 'unsettled',
    text: `select position < $1 or exists (
             select from run.job_ledger where state in ('owed', 'dispatched')
           ) as unsettled from run.relay_checkpoint`,
    values: [head],
  })
  return rows[0]?.unsettled ?? true
}
