import { PostgresEventStore } from '../app/event_store/postgres_event_store.ts'
import { ReadModelWaiter } from '../app/projections/waiter.ts'
import { openPool, SITE_KEY, startProcess, type Environment } from './environment.ts'
import { METADATA, uploadOf } from './events.ts'
import { figure, type Figure } from './report.ts'
import { median, percentile } from './rounds.ts'

const AT_A_TIME = 8
const APPENDS_A_LANE = 150
const PATIENCE_MILLISECONDS = 30_000

/** From the call of append until the row was read, in milliseconds, with the projector in a process of its own. */
export async function visible(environment: Environment): Promise<Figure[]> {
  const url = await environment.database('bench_visible')
  const store = new PostgresEventStore({ connectionString: url, siteKey: SITE_KEY })
  const waiter = new ReadModelWaiter(url)
  const pool = openPool(url, AT_A_TIME)
  const stopProjector = startProcess(['ace.js', 'projector'], environment.processEnv(url))
  try {
    let next = 0
    const one = async () => {
      const id = (next += 1)
      const startedAt = performance.now()
      const { lastPosition } = await store.append({
        stream: `image-${id}`,
        expectedVersion: 'none',
        events: [uploadOf(id)],
        metadata: METADATA,
      })
      await waiter.waitFor(lastPosition, ['images'], PATIENCE_MILLISECONDS)
      const { rowCount } = await pool.query({
        name: 'row',
        text: 'select * from read.images where image_id = $1',
        values: [id],
      })
      if (rowCount !== 1) {
        throw new Error(
          `Image ${id} cannot be read ${PATIENCE_MILLISECONDS} ms after it was written`
        )
      }
      return performance.now() - startedAt
    }
    // The projector has started when it shows the first.
    await one()
    const p50: number[] = []
    const p99: number[] = []
    for (let round = 0; round < environment.rounds; round++) {
      const times: number[] = []
      const lane = async () => {
        for (let index = 0; index < (environment.smoke ? 5 : APPENDS_A_LANE); index++) {
          times.push(await one())
        }
      }
      await Promise.all(Array.from({ length: AT_A_TIME }, lane))
      p50.push(percentile(times, 0.5))
      p99.push(percentile(times, 0.99))
    }
    const alone = (value: number) => ({ ours: value, limit: null, peer: null })
    return [
      figure('visible', `${AT_A_TIME} at a time, p50`, 'ms', alone(median(p50))),
      figure('visible', `${AT_A_TIME} at a time, p99`, 'ms', alone(median(p99))),
    ]
  } finally {
    await stopProjector()
    await waiter.close()
    await pool.end()
    await store.close()
  }
}
