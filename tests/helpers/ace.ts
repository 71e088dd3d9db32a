import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { TEST_SITE_KEY } from './event_store.ts'

const ACE = fileURLToPath(new URL('../../ace.js', import.meta.url))

export interface CommandOutcome {
  code: number
  stdout: string
  stderr: string
}

/** Runs a command on a test database, as an administrator would in a shell. */
export function runCommand(
  databaseUrl: string,
  args: readonly string[],
  input?: string,
  environment: Record<string, string> = {}
): Promise<CommandOutcome> {
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [ACE, ...args],
      {
        maxBuffer: 64 * 1024 * 1024,
        env: {
          ...process.env,
          NODE_ENV: 'production',
          DATABASE_URL: databaseUrl,
          REDIS_URL: 'redis://127.0.0.1:1',
          APP_KEY: TEST_SITE_KEY,
          ...environment,
        },
      },
      (error, stdout, stderr) =>
        resolve({ code: error === null ? 0 : Number(error.code ?? 1), stdout, stderr })
    )
    child.stdin?.end(input)
  })
}
