import type { EventStore } from '#event_store/port'
import type { AnyProjection } from './projection.ts'
import { ProjectionRuntime } from './runtime.ts'
import { ReadModelWaiter } from './waiter.ts'

const PATIENCE_MILLISECONDS = 10_000

/** Brings the read models to a position where no projector may be running; answers whether they reached it in time. */
export async function catchUp(
  options: {
    connectionString: string
    eventStore: EventStore
    projections: readonly AnyProjection[]
  },
  position: number
): Promise<boolean> {
  const runtime = new ProjectionRuntime({ ...options, eager: true })
  const waiter = new ReadModelWaiter(options.connectionString)
  runtime.start()
  try {
    const names = options.projections.map(({ name }) => name)
    return await waiter.waitFor(position, names, PATIENCE_MILLISECONDS)
  } finally {
    await runtime.stop()
    await waiter.close()
  }
}
