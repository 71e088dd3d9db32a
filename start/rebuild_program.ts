import { parentPort, workerData } from 'node:worker_threads'
import { ArchiveUnreadableError } from '#event_store/errors'
import { ProjectionError } from '#projections/errors'
import { rebuild } from '#projections/rebuild'
import { selectProjections } from '#projections/selection'
import type { RebuildAnswer, RebuildOrder } from './rebuild_thread.ts'
import { createServices } from './services.ts'

/** The program of a thread that rebuilds read models, over connections of its own. */

const { config, names, gate, dryRun }: RebuildOrder = workerData
const tell = (answer: RebuildAnswer) => parentPort?.postMessage(answer)

const services = createServices(config)
try {
  const results = await rebuild({
    connectionString: config.databaseUrl,
    eventStore: services.eventStore,
    projections: selectProjections(names),
    gate,
    dryRun,
    progress: (progress) => tell({ progress }),
    done: (result) => tell({ result }),
  })
  tell({ results })
} catch (error) {
  if (error instanceof ProjectionError) {
    tell({ refused: { code: error.code, message: error.message } })
  } else if (error instanceof ArchiveUnreadableError) {
    tell({ unreadable: { file: error.file, message: error.message } })
  } else {
    throw error
  }
} finally {
  await services.close()
}
