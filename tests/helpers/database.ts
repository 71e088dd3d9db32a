import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { withClient } from '#event_store/with_client'

const runFile = promisify(execFile)
const TEMPLATE = 'picfast_template'

export interface TestDatabase {
  url: string
  drop(): Promise<void>
}

function adminUrl(): string {
  const url = process.env.TEST_DATABASE_ADMIN_URL
  if (url === undefined) {
    throw new Error('Run the tests with "npm test": it starts the database they need')
  }
  return url
}

function urlOf(database: string): string {
  const url = new URL(adminUrl())
  url.pathname = `/${database}`
  return url.href
}

async function execute(statement: string): Promise<void> {
  return withClient({ connectionString: adminUrl() }, async (client) => {
    await client.query(statement)
  })
}

/** Brings an empty database to the present schema, the way the start command does. */
export async function migrate(url: string): Promise<void> {
  await runFile(
    process.execPath,
    [fileURLToPath(new URL('../../ace.js', import.meta.url)), 'migration:run', '--force'],
    {
      env: {
        ...process.env,
        NODE_ENV: 'test',
        DATABASE_URL: url,
        REDIS_URL: 'redis://127.0.0.1:1',
        APP_KEY: 'a key for tests only, 32 characters',
      },
    }
  )
}

let template: Promise<void> | null = null

async function makeTemplate(): Promise<void> {
  await execute(`create database ${TEMPLATE}`)
  await migrate(urlOf(TEMPLATE))
}

/** A new database with the present schema, copied from one that was migrated once. */
export async function createTestDatabase(): Promise<TestDatabase> {
  template ??= makeTemplate()
  await template
  const name = `test_${randomBytes(6).toString('hex')}`
  await execute(`create database ${name} template ${TEMPLATE}`)
  return { url: urlOf(name), drop: () => execute(`drop database if exists ${name} with (force)`) }
}

/** A new database without anything in it. */
export async function createEmptyDatabase(): Promise<TestDatabase> {
  const name = `test_${randomBytes(6).toString('hex')}`
  await execute(`create database ${name}`)
  return { url: urlOf(name), drop: () => execute(`drop database if exists ${name} with (force)`) }
}
