import { withClient } from '#event_store/with_client'
import { NO_STRATEGIES } from '#event_store/archive_store'
import { archiveLog } from '#maintenance/archive_log'
import { listPartitions } from '#maintenance/archive_plan'

/** Puts all full partitions of a test's log into a folder, but so many of the newest; two events a block. */
export async function archiveFull(url: string, folder: string, keep = 0): Promise<void> {
  return withClient({ connectionString: url }, async (client) => {
    const partitions = await listPartitions(client)
    const full = partitions.filter(({ first, last, rows }) => rows === last - first + 1)
    await archiveLog({
      connectionString: url,
      place: { folder },
      strategies: NO_STRATEGIES,
      partitions: full.slice(0, full.length - keep),
      blockEvents: 2,
    })
  })
}
