import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import pg from 'pg'
import { EmbeddedPostgres } from '../app/supervisor/postgres.ts'
import { EmbeddedRedis } from '../app/supervisor/redis.ts'

const runFile = promisify(execFile)
export const ROOT = fileURLToPath(new URL('../', import.meta.url))
export const SITE_KEY = 'a key for benchmarks only, 32 characters'

/** What each bench measures on, and how much. */
export interface Environment {
  smoke: boolean
  rounds: number
  folder: string
  redisUrl: string
  /** A new database with the present schema. */
  database(name: string): Promise<string>
  /** A new empty database, for a peer. */
  emptyDatabase(name: string): Promise<string>
  /** The environment of a process of the site on this database. */
  processEnv(databaseUrl: string): NodeJS.ProcessEnv
}

/** Servers as they are in production, durable, in a folder that goes with them. */
export async function withEnvironment(
  smoke: boolean,
  work: (environment: Environment) => Promise<void>
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'picfast-bench-'))
  chmodSync(folder, 0o711)
  const postgres = new EmbeddedPostgres({ folder: join(folder, 'postgres'), maxConnections: 200 })
  const redis = new EmbeddedRedis({ folder: join(folder, 'redis') })
  const stop = async () => {
    await Promise.allSettled([postgres.stop(), redis.stop()])
    rmSync(folder, { recursive: true, force: true })
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void stop().finally(() => process.exit(1)))
  }
  try {
    await Promise.all([postgres.start(), redis.start()])
    const emptyDatabase = async (name: string) => {
      const client = new pg.Client({ connectionString: postgres.url('postgres') })
      await client.connect()
      await client.query(`create database ${name}`)
      await client.end()
      return postgres.url(name)
    }
    const processEnv = (databaseUrl: string): NodeJS.ProcessEnv => ({
      ...process.env,
      NODE_ENV: 'production',
      LOG_LEVEL: 'error',
      RATE_LIMITS: 'off',
      APP_KEY: SITE_KEY,
      DATABASE_URL: databaseUrl,
      REDIS_URL: redis.url(),
      DATA_DIR: join(folder, 'data'),
    })
    await work({
      smoke,
      rounds: smoke ? 1 : 5,
      folder,
      redisUrl: redis.url(),
      emptyDatabase,
      processEnv,
      async database(name) {
        const url = await emptyDatabase(name)
        await runFile(process.execPath, ['ace.js', 'prepare'], { cwd: ROOT, env: processEnv(url) })
        return url
      },
    })
  } finally {
    await stop()
  }
}

/** A pool that bears the server being stopped before its closed connections have said good-bye. */
export function openPool(url: string, size: number): pg.Pool {
  const pool = new pg.Pool({ connectionString: url, max: size })
  pool.on('error', () => {})
  return pool
}

/** A process of the site, or a bare one to compare it with. Its complaints are shown. */
export function startProcess(args: readonly string[], env: NodeJS.ProcessEnv) {
  return startProgram(process.execPath, args, env)
}

/** Runs a program; answers how to stop it, and its process id. */
export function startProgram(program: string, args: readonly string[], env: NodeJS.ProcessEnv) {
  const child = spawn(program, args, {
    cwd: ROOT,
    env,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  // Whoever interrupts the bench interrupts this as well.
  const kill = () => child.kill('SIGKILL')
  process.once('exit', kill)
  const stop = async (): Promise<void> => {
    process.off('exit', kill)
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGTERM')
      await once(child, 'exit')
    }
  }
  return Object.assign(stop, { pid: child.pid })
}
