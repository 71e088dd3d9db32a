import { mkdtempSync, rmSync } from 'node:fs'
import { chmodSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { EmbeddedPostgres } from '#supervisor/postgres'
import { EmbeddedRedis } from '#supervisor/redis'

/** PostgreSQL and Redis for one run of the tests, in a folder that goes with them. */
export interface TestServices {
  databaseAdminUrl: string
  redisUrl: string
  stop(): Promise<void>
}

export async function startTestServices(): Promise<TestServices> {
  const folder = mkdtempSync(join(tmpdir(), 'picfast-tests-'))
  chmodSync(folder, 0o711)
  const postgres = new EmbeddedPostgres({
    folder: join(folder, 'postgres'),
    durable: false,
    maxConnections: 300,
  })
  const redis = new EmbeddedRedis({ folder: join(folder, 'redis'), databases: 1_000 })
  const stop = async () => {
    await Promise.allSettled([postgres.stop(), redis.stop()])
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    await Promise.all([postgres.start(), redis.start()])
  } catch (error) {
    await stop()
    throw error
  }
  return { databaseAdminUrl: postgres.url('postgres'), redisUrl: redis.url(), stop }
}
