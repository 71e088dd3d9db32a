import { setTimeout as pause } from 'node:timers/promises'
import type pg from 'pg'

const LOOK_MILLISECONDS = 20
const PATIENCE_MILLISECONDS = 10_000

/**
 * Waits until a read model shows what led to a job.
 *
 * @throws Error when it takes too long; the job is then tried again
 */
export async function untilReadModelShows(
  pool: pg.Pool,
  name: string,
  position: number
): Promise<void> {
  const deadline = Date.now() + PATIENCE_MILLISECONDS
  for (;;) {
    const { rowCount } = await pool.query({
      name: 'read_model_shows',
      text: `select 1 from run.checkpoints
             where projection = $1 and slot = 'live' and position >= $2`,
      values: [name, position],
    })
    if (rowCount === 1) {
      return
    }
    if (Date.now() > deadline) {
      throw new Error(`The read model "${name}" does not show position ${position} yet`)
    }
    await pause(LOOK_MILLISECONDS)
  }
}
