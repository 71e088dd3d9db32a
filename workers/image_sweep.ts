import { randomUUID } from 'node:crypto'
import { parseDuration } from '#domain/duration'
import { DEFAULT_SITE_SETTINGS } from '#domain/site/settings'
import { SYSTEM_ACTOR, type CommandContext } from '#handlers/command_context'
import type { Handled } from '#handlers/command_runner'
import { BackgroundLoop } from '#jobs/background_loop'
import type { WorkerPorts } from './ports.ts'

const PAGE = 100
const PAUSE_MILLISECONDS = 1_000

type Warn = (message: string, error: unknown) => void
type SweepPorts = Pick<WorkerPorts, 'pool' | 'handlers'>

interface Sweep {
  /** The images that are due, at most so many. */
  due(limit: number): Promise<number[]>
  end(imageId: number, context: CommandContext): Promise<Handled>
}

/** Looks for images whose time has come, one page at a time. */
export class ImageSweep {
  readonly #sweep: Sweep
  readonly #loop: BackgroundLoop

  constructor(name: string, sweep: Sweep, warn: Warn) {
    this.#sweep = sweep
    this.#loop = new BackgroundLoop({
      step: () => this.sweep(),
      pauseMs: PAUSE_MILLISECONDS,
      failed: (error) => warn(`The ${name} sweep waits for the database`, error),
    })
  }

  start(): void {
    this.#loop.start()
  }

  async stop(): Promise<void> {
    await this.#loop.stop()
  }

  /** Ends one page of images; true when there may be more. */
  async sweep(): Promise<boolean> {
    const due = await this.#sweep.due(PAGE)
    let ended = 0
    for (const imageId of due) {
      const { events } = await this.#sweep.end(imageId, sweepContext())
      ended += events.length
    }
    // Rows that were ended a moment ago and are still shown must not keep the sweep busy.
    return due.length === PAGE && ended > 0
  }
}

/** Expires images past their time, so that they go even when their job was lost. */
export function expirySweep({ pool, handlers }: SweepPorts, warn: Warn): ImageSweep {
  return new ImageSweep(
    'expiry',
    {
      async due(limit) {
        const { rows } = await pool.query<{ image_id: string }>({
          name: 'images_past_their_time',
          text: `select image_id from read.images where expires_at <= now() and deleted_at is null
                 order by expires_at limit $1`,
          values: [limit],
        })
        return rows.map(({ image_id: id }) => Number(id))
      },
      end: (imageId, context) =>
        handlers.image.expireImage({ imageId, now: new Date().toISOString() }, context),
    },
    warn
  )
}

/** Purges deleted images once they can no longer be restored. */
export function purgeSweep({ pool, handlers }: SweepPorts, warn: Warn): ImageSweep {
  return new ImageSweep(
    'purge',
    {
      async due(limit) {
        const { rows } = await pool.query<{ image_id: string }>({
          name: 'images_deleted_for_good',
          text: `select image_id from read.images where deleted_at <= $1
                 order by deleted_at, image_id limit $2`,
          values: [new Date(Date.now() - (await retention(pool))), limit],
        })
        return rows.map(({ image_id: id }) => Number(id))
      },
      end: (imageId, context) => handlers.image.purgeImage({ imageId }, context),
    },
    warn
  )
}

/** How long deleted images are kept, in milliseconds. */
async function retention(pool: SweepPorts['pool']): Promise<number> {
  const { rows } = await pool.query<{ retention: unknown }>({
    name: 'deleted_image_retention',
    text: `select settings -> 'deleted_image_retention' as retention from read.site_settings`,
  })
  const chosen = rows[0]?.retention ?? DEFAULT_SITE_SETTINGS.deleted_image_retention
  return parseDuration(String(chosen)) ?? 0
}

function sweepContext(): CommandContext {
  return {
    actor: SYSTEM_ACTOR,
    correlationId: randomUUID(),
    causationId: null,
    ip: null,
    userAgent: null,
    source: 'worker',
  }
}
