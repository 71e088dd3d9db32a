import type pg from 'pg'
import { withClient } from '#event_store/with_client'
import { dropAllAsOf } from './as_of.ts'
import { lockCheckpoints } from './checkpoints.ts'
import { ProjectionError } from './errors.ts'
import { holdRebuildLock } from './rebuild_lock.ts'
import { projections } from './registry.ts'
import { copySession } from './session.ts'
import { dropCopy } from './switch.ts'
import { inTransaction } from './transaction.ts'
import type { AnyProjection } from './projection.ts'

/**
 * Removes what is kept beside the read models that serve and has not seen the log up to a position: earlier copies, what
 * a rebuild that broke off left behind, and read models as they were. A rebuild under way is left alone: it reads on before it serves.
 */
export async function dropCopiesBefore(connectionString: string, position: number): Promise<void> {
  return withClient(copySession(connectionString), async (client) => {
    await dropAllAsOf(client)
    for (const projection of projections) {
      await dropIfBefore(client, projection, 'previous', position)
      if (await nobodyRebuilds(client, projection)) {
        await dropIfBefore(client, projection, 'next', position)
      }
    }
  })
}

function dropIfBefore(
  client: pg.Client,
  projection: AnyProjection,
  slot: 'next' | 'previous',
  position: number
): Promise<void> {
  return inTransaction(client, async () => {
    const [copy] = await lockCheckpoints(client, [projection.name], slot, { wait: true })
    if (copy !== undefined && copy.position < position) {
      await dropCopy(client, projection, slot)
    }
  })
}

async function nobodyRebuilds(client: pg.Client, { name }: AnyProjection): Promise<boolean> {
  try {
    await holdRebuildLock(client, name)
    return true
  } catch (error) {
    if (error instanceof ProjectionError && error.code === 'E_REBUILD_RUNNING') {
      return false
    }
    throw error
  }
}
