import { PostgresEventStore } from '../app/event_store/postgres_event_store.ts'
import { openPool, SITE_KEY } from './environment.ts'
import { METADATA, uploadOf } from './events.ts'
import { untilProjected } from './written_log.ts'

const IMAGES_A_BATCH = 250
const OTHER_OWNERS = 50
/** One image in so many is another owner's. */
const ANOTHERS = 11

/**
 * Gives an owner a library of this many images, and others a tenth of that: uploads are appended to the log, and the
 * site's projector makes the rows of them. The tables are vacuumed, as the server does by itself in time.
 */
export async function fillLibrary(url: string, ownerId: number, images: number): Promise<void> {
  const store = new PostgresEventStore({ connectionString: url, siteKey: SITE_KEY })
  const pool = openPool(url, 2)
  try {
    let owned = 0
    for (let id = 1; owned < images;) {
      const batch: Array<Promise<unknown>> = []
      for (; batch.length < IMAGES_A_BATCH && owned < images; id++) {
        const isAnothers = id % ANOTHERS === 0
        owned += isAnothers ? 0 : 1
        batch.push(
          store.append({
            stream: `image-${id}`,
            expectedVersion: 'none',
            events: [uploadOf(id, isAnothers ? ownerId + 1 + (id % OTHER_OWNERS) : ownerId)],
            metadata: METADATA,
          })
        )
      }
      await Promise.all(batch)
    }
    const { position: head } = await store.head()
    await untilProjected(url, head)
    await pool.query('vacuum analyze')
  } finally {
    await pool.end()
    await store.close()
  }
}

/** The image after which a page starts that skips so many, newest first. */
export async function markBefore(url: string, ownerId: number, skipped: number) {
  const pool = openPool(url, 1)
  const { rows } = await pool.query<{ created_at: Date; image_id: string }>(
    `select created_at, image_id from read.images where owner_id = $1
     order by created_at desc, image_id desc offset $2 limit 1`,
    [ownerId, skipped - 1]
  )
  await pool.end()
  const [row] = rows
  if (row === undefined) {
    throw new Error(`The library has no ${skipped} images`)
  }
  return { createdAt: row.created_at.toISOString(), imageId: Number(row.image_id) }
}
