import { fork, type ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { ServicesConfig } from '#start/services'
import { stopProcess } from '#supervisor/child_process'
import { findFreePort } from '#supervisor/free_port'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

export interface SiteProcess {
  /** What it has written so far. */
  output(): string
  stop(): Promise<void>
  /** Ends it as a crash would. */
  kill(): Promise<void>
}

/** A worker of the site with these services, as the start command runs it. */
export function startWorker(
  config: ServicesConfig,
  environment: Record<string, string> = {}
): SiteProcess {
  return startProcess('ace.js', ['workers'], config, environment).site
}

/** One more web server of the site with these services; resolves when it listens. */
export async function startOneMoreWebServer(
  config: ServicesConfig,
  environment: Record<string, string> = {}
): Promise<SiteProcess & { url: string }> {
  const port = String(await findFreePort())
  const { site, child } = startProcess('bin/server.ts', [], config, { PORT: port, ...environment })
  await new Promise<void>((resolve, reject) => {
    child.once('message', () => resolve())
    child.once('exit', (code) => reject(new Error(`It ended with ${code}: ${site.output()}`)))
  })
  return { ...site, url: `http://127.0.0.1:${port}` }
}

function startProcess(
  script: string,
  args: string[],
  config: ServicesConfig,
  environment: Record<string, string>
): { site: SiteProcess; child: ChildProcess } {
  const child = fork(ROOT + script, args, {
    cwd: ROOT,
    silent: true,
    env: {
      ...process.env,
      NODE_ENV: 'production',
      HOST: '127.0.0.1',
      APP_KEY: config.appKey,
      DATABASE_URL: config.databaseUrl,
      REDIS_URL: config.redisUrl,
      EVENTSTORE_URL: config.eventStoreUrl ?? '',
      DATA_DIR: config.dataDir,
      RATE_LIMITS: 'off',
      ...environment,
    },
  })
  let output = ''
  const note = (chunk: Buffer) => (output += chunk.toString())
  child.stdout?.on('data', note)
  child.stderr?.on('data', note)
  return {
    child,
    site: {
      output: () => output,
      stop: () => stopProcess(child, 'SIGTERM', 10_000),
      kill: () => stopProcess(child, 'SIGKILL', 10_000),
    },
  }
}
