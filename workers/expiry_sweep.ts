import { randomUUID } from 'node:crypto'
import { SYSTEM_ACTOR } from '#handlers/command_context'
import { BackgroundLoop } from '#jobs/background_loop'
import type { WorkerPorts } from './ports.ts'

const PAGE = 100
const PAUSE_MILLISECONDS = 1_000

/** Looks for images past their time, so that they go even when their job was lost. */
export class ExpirySweep {
  readonly #ports: Pick<WorkerPorts, 'pool' | 'handlers'>
  readonly #loop: BackgroundLoop

  constructor(
    ports: Pick<WorkerPorts, 'pool' | 'handlers'>,
    warn: (message: string, error: unknown) => void
  ) {
    this.#ports = ports
    this.#loop = new BackgroundLoop({
      step: () => this.sweep(),
      pauseMs: PAUSE_MILLISECONDS,
      failed: (error) => warn('The expiry sweep waits for the database', error),
    })
  }

  start(): void {
    this.#loop.start()
  }

  async stop(): Promise<void> {
    await this.#loop.stop()
  }

  /** Expires one page of images; true when there may be more. */
  async sweep(): Promise<boolean> {
    const { pool, handlers } = this.#ports
    const { rows } = await pool.query<{ image_id: string }>({
      name: 'images_past_their_time',
      text: `select image_id from read.images where expires_at <= now() order by expires_at limit $1`,
      values: [PAGE],
    })
    let expired = 0
    for (const row of rows) {
      const { events } = await handlers.image.expireImage(
        { imageId: Number(row.image_id), now: new Date().toISOString() },
        {
          actor: SYSTEM_ACTOR,
          correlationId: randomUUID(),
          causationId: null,
          ip: null,
          userAgent: null,
          source: 'worker',
        }
      )
      expired += events.length
    }
    // Rows that were expired a moment ago and are still shown must not keep the sweep busy.
    return rows.length === PAGE && expired > 0
  }
}
