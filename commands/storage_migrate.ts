import { BaseCommand } from '@adonisjs/core/ace'
import type pg from 'pg'
import { randomKeys } from '#handlers/random_keys'
import { withServices } from '#start/console_services'
import { ObjectReservations } from '#storage/object_reservations'
import { ImageObjects } from '#uploads/image_objects'
import { ObjectMigration } from '#uploads/object_migration'
import { strategyOf } from '#workers/strategy_settings'

const AT_ONCE = 4
const PAGE = 200
const REPORT_MILLISECONDS = 2_000

export default class StorageMigrate extends BaseCommand {
  static override commandName = 'storage:migrate'
  static override description =
    'Move images from one storage strategy to another while the site runs; started again, it goes on'
  static override options = { startApp: true }

  declare from: number
  declare to: number
  declare dryRun?: boolean

  static {
    this.defineFlag('from', {
      type: 'number',
      required: true,
      description: 'The id of the strategy that the images lie in',
    })
    this.defineFlag('to', {
      type: 'number',
      required: true,
      description: 'The id of the strategy that they are to lie in',
    })
    this.defineFlag('dryRun', {
      type: 'boolean',
      description: 'Say what would be moved, and move nothing',
    })
  }

  override async run() {
    await withServices(async ({ pool, eventStore, handlers, objectStores }) => {
      if (this.from === this.to) {
        return this.#refuse('They are the same strategy')
      }
      const { images, bytes } = await contentsOf(pool, this.from)
      this.logger.info(`${images} images of ${megabytes(bytes)} lie in strategy ${this.from}`)
      if (this.dryRun) {
        return
      }
      const placeOf = async (strategyId: number) => ({
        strategyId,
        store: objectStores.get(await strategyOf(pool, strategyId)),
      })
      const places = { from: await placeOf(this.from), to: await placeOf(this.to) }
      const { ok, detail } = await places.to.store.health()
      if (!ok) {
        return this.#refuse(`Strategy ${this.to} cannot be used: ${detail}`)
      }
      const reservations = new ObjectReservations(pool)
      const objects = new ImageObjects({ handlers, reservations, keys: randomKeys })
      const migration = new ObjectMigration({ eventStore, handlers, objects }, places)
      await this.#moveAll(migration, pool, images)
    })
  }

  async #moveAll(migration: ObjectMigration, pool: pg.Pool, expected: number): Promise<void> {
    const startedAt = performance.now()
    let reportedAt = startedAt
    let moved = 0
    let failed = 0
    let bytes = 0
    const told = () => {
      const seconds = (performance.now() - startedAt) / 1_000
      const rate = `${(moved / seconds).toFixed(1)} images and ${megabytes(bytes / seconds)} a second`
      return `${moved} of ${Math.max(expected, moved)} images moved, ${megabytes(bytes)}, ${rate}`
    }
    const moveNext = async (ids: Iterator<number>) => {
      for (let next = ids.next(); !next.done; next = ids.next()) {
        const migrated = await migration.move(next.value)
        if (migrated.outcome === 'moved') {
          moved += 1
          bytes += migrated.bytes
        } else if (migrated.outcome === 'failed') {
          failed += 1
          this.logger.warning(`Image ${next.value} stays where it is: ${migrated.reason}`)
        }
        if (performance.now() - reportedAt > REPORT_MILLISECONDS) {
          reportedAt = performance.now()
          this.logger.info(told())
        }
      }
    }
    for await (const page of imagesIn(pool, this.from)) {
      const ids = page.values()
      await Promise.all(Array.from({ length: AT_ONCE }, () => moveNext(ids)))
    }
    this.logger.success(told())
    if (failed > 0) {
      this.#refuse(`${failed} images were left where they are`)
    }
  }

  #refuse(message: string): void {
    this.logger.error(message)
    this.exitCode = 1
  }
}

async function contentsOf(pool: pg.Pool, strategyId: number) {
  const { rows } = await pool.query<{ images: string; bytes: string }>(
    `select count(*) as images, coalesce(sum(size_bytes), 0) as bytes
     from read.images where strategy_id = $1`,
    [strategyId]
  )
  return { images: Number(rows[0]?.images), bytes: Number(rows[0]?.bytes) }
}

/** The ids of the images in a strategy, oldest first, page by page; deleted ones that can be restored among them. */
async function* imagesIn(pool: pg.Pool, strategyId: number): AsyncIterable<number[]> {
  for (let last = 0; ;) {
    const { rows } = await pool.query<{ image_id: string }>(
      `select image_id from read.images where strategy_id = $1 and image_id > $2
       order by image_id limit $3`,
      [strategyId, last, PAGE]
    )
    const ids = rows.map(({ image_id: id }) => Number(id))
    last = ids.at(-1) ?? last
    if (ids.length === 0) {
      return
    }
    yield ids
  }
}

function megabytes(bytes: number): string {
  return `${(bytes / 1_000_000).toFixed(1)} MB`
}
