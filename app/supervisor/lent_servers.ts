import type { DataFolder } from './data_folder.ts'
import { EmbeddedPostgres } from './postgres.ts'
import { EmbeddedRedis } from './redis.ts'

/** The servers of a data folder, running for one command. */
export interface LentServers {
  databaseUrl: string
  redisUrl: string
  stop(): Promise<void>
}

/**
 * Starts the servers of a site that does not run, making them when there are none, for a command that needs a database
 * while nobody else uses it. The folder is taken for as long.
 *
 * @throws SupervisorError with one sentence that says what to do, also when the site runs
 */
export async function lendServers(
  data: DataFolder,
  options: { redisUrl?: string; tell: (line: string) => void }
): Promise<LentServers> {
  data.open()
  const postgres = new EmbeddedPostgres({ folder: data.in('postgres') })
  const redis = new EmbeddedRedis({ folder: data.in('redis'), tell: options.tell })
  const stop = async () => {
    await Promise.all([redis.stop(), postgres.stop()])
    data.release()
  }
  try {
    await postgres.start()
    if (options.redisUrl === undefined) {
      await redis.start()
    }
    return { databaseUrl: postgres.url(), redisUrl: options.redisUrl ?? redis.url(), stop }
  } catch (error) {
    await stop()
    throw error
  }
}
