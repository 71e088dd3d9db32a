import { PostgresEventStore } from '../app/event_store/postgres_event_store.ts'
import { projections } from '../app/projections/registry.ts'
import { ProjectionRuntime } from '../app/projections/runtime.ts'
import { ReadModelWaiter } from '../app/projections/waiter.ts'
import { SITE_KEY, type Environment } from './environment.ts'
import { METADATA, uploadOf } from './events.ts'
import { figure, type Figure } from './report.ts'
import { median, percentile } from './rounds.ts'

const AT_A_TIME = 8

/** From the call of append until the row can be read, in milliseconds. */
export async function visible(environment: Environment): Promise<Figure[]> {
  const url = await environment.database('bench_visible')
  const store = new PostgresEventStore({ connectionString: url, siteKey: SITE_KEY })
  const waiter = new ReadModelWaiter(url)
  const runtime = new ProjectionRuntime({
    connectionString: url,
    eventStore: store,
    projections,
    eager: true,
  })
  runtime.start()
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
      await waiter.waitFor(lastPosition, ['images'], 10_000)
      return performance.now() - startedAt
    }
    const p50: number[] = []
    const p99: number[] = []
    for (let round = 0; round < environment.rounds; round++) {
      const times: number[] = []
      const lane = async () => {
        for (let index = 0; index < (environment.smoke ? 5 : 150); index++) {
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
    await runtime.stop()
    await waiter.close()
    await store.close()
  }
}
