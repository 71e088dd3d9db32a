import { setTimeout as delay } from 'node:timers/promises'
import { withClient } from '#event_store/with_client'
import type { EventStore } from '#event_store/port'
import { insertCheckpoint, readCheckpoints } from './checkpoints.ts'
import { ProjectionError } from './errors.ts'
import type { AnyProjection } from './projection.ts'
import { rebuild, type RebuildProgress } from './rebuild.ts'
import { copySession } from './session.ts'
import { ReadModelTable, type Client } from './table.ts'
import { inTransaction } from './transaction.ts'

export interface InstallOptions {
  connectionString: string
  eventStore: EventStore
  projections: readonly AnyProjection[]
  progress?: (progress: RebuildProgress) => void
}

/** So often a process looks whether another has finished a rebuild that both want. */
const WAIT_MILLISECONDS = 500

/**
 * Makes the tables of read models that are not there yet, and rebuilds those whose version in the code is another than
 * the installed one. Safe to run in several processes at once.
 */
export async function installProjections(options: InstallOptions): Promise<void> {
  const { connectionString, projections } = options
  return withClient(copySession(connectionString), async (client) => {
    await inTransaction(client, () => makeMissing(client, projections))
    for (;;) {
      const installed = await installedVersions(client)
      const outdated = projections.filter(({ name, version }) => installed.get(name) !== version)
      if (outdated.length === 0) {
        return
      }
      try {
        await rebuild({ ...options, projections: outdated, gate: false })
      } catch (error) {
        if (!(error instanceof ProjectionError && error.code === 'E_REBUILD_RUNNING')) {
          throw error
        }
        await delay(WAIT_MILLISECONDS)
      }
    }
  })
}

async function makeMissing(client: Client, projections: readonly AnyProjection[]) {
  await client.query('lock table run.checkpoints in share row exclusive mode')
  const installed = await installedVersions(client)
  for (const projection of projections) {
    if (!installed.has(projection.name)) {
      const table = new ReadModelTable(projection, 'live')
      await table.create(client)
      await table.createIndexes(client)
      await insertCheckpoint(client, projection, 'live')
    }
  }
}

async function installedVersions(client: Client): Promise<Map<string, number>> {
  const checkpoints = await readCheckpoints(client, 'live')
  return new Map(checkpoints.map(({ projection, version }) => [projection, version]))
}
