import pg from 'pg'
import type { EventStore } from '#event_store/port'
import { inTransaction } from './advance.ts'
import { insertCheckpoint } from './checkpoints.ts'
import type { AnyProjection } from './projection.ts'
import { rebuild, type RebuildProgress } from './rebuild.ts'
import { projectionSession } from './runtime.ts'
import { ReadModelTable } from './table.ts'

export interface InstallOptions {
  connectionString: string
  eventStore: EventStore
  projections: readonly AnyProjection[]
  progress?: (progress: RebuildProgress) => void
}

/**
 * Makes the tables of read models that are not there yet, and rebuilds those whose version in the code is another than
 * the installed one. Safe to run in several processes at once.
 */
export async function installProjections(options: InstallOptions): Promise<void> {
  const client = new pg.Client(projectionSession(options.connectionString))
  await client.connect()
  try {
    const outdated: AnyProjection[] = []
    await inTransaction(client, async () => {
      await client.query('lock table run.checkpoints in share row exclusive mode')
      const { rows } = await client.query<{ projection: string; version: number }>(
        `select projection, version from run.checkpoints where slot = 'live'`
      )
      const installed = new Map(rows.map(({ projection, version }) => [projection, version]))
      for (const projection of options.projections) {
        const version = installed.get(projection.name)
        if (version === undefined) {
          const table = new ReadModelTable(projection, 'live')
          await table.create(client)
          await table.createIndexes(client)
          await insertCheckpoint(client, projection, 'live')
        } else if (version !== projection.version) {
          outdated.push(projection)
        }
      }
    })
    for (const projection of outdated) {
      await rebuild({ ...options, projection, gate: false })
    }
  } finally {
    await client.end()
  }
}
