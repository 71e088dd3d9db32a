import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

/** What the start command makes when it is not given. */
export const GENERATED_VARIABLES = ['DATABASE_URL', 'REDIS_URL', 'APP_KEY'] as const
export type GeneratedVariable = (typeof GENERATED_VARIABLES)[number]

/** Stand-ins that pass the check of the environment, for commands that need no site. */
const STAND_INS: Record<GeneratedVariable, string> = {
  DATABASE_URL: 'postgres://not-started',
  REDIS_URL: 'redis://not-started',
  APP_KEY: 'made with the data folder by the start command',
}

let given: ReadonlySet<GeneratedVariable> = new Set()

/** The variables that a person has set, as opposed to those filled in. */
export function givenVariables(): ReadonlySet<GeneratedVariable> {
  return given
}

function read(...path: string[]): string | null {
  const file = join(...path)
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : null
}

/** What the start command has made in this data folder. */
function generatedIn(dataDir: string): Record<GeneratedVariable, string | null> {
  const postgres = [read(dataDir, 'postgres', 'password'), read(dataDir, 'postgres', 'port')]
  const redis = [read(dataDir, 'redis', 'password'), read(dataDir, 'redis', 'port')]
  return {
    DATABASE_URL: postgres.includes(null)
      ? null
      : `postgres://picfast:${postgres[0]}@127.0.0.1:${postgres[1]}/picfast`,
    REDIS_URL: redis.includes(null) ? null : `redis://:${redis[0]}@127.0.0.1:${redis[1]}/0`,
    APP_KEY: read(dataDir, 'app_key'),
  }
}

/**
 * Completes the environment before it is checked: with the file `.env`, and with what the start command has made in the
 * data folder, so that commands find the running site.
 */
export function completeEnvironment(options: { needsSite: boolean }): void {
  if (existsSync('.env')) {
    process.loadEnvFile('.env')
  }
  given = new Set(GENERATED_VARIABLES.filter((name) => process.env[name]))
  const generated = generatedIn(resolve(process.env.DATA_DIR || 'data'))
  for (const name of GENERATED_VARIABLES) {
    const value = generated[name] ?? (options.needsSite ? undefined : STAND_INS[name])
    if (!given.has(name) && value !== undefined) {
      process.env[name] = value
    }
  }
}
