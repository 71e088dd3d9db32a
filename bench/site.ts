import { setTimeout as delay } from 'node:timers/promises'
import { findFreePort } from '../app/supervisor/free_port.ts'
import { PROJECTOR_PROCESS } from '../app/supervisor/projector_process.ts'
import { WEB_PROCESS } from '../app/supervisor/web_process.ts'
import { startProcess, type Environment } from './environment.ts'

const START_MILLISECONDS = 30_000

export const ADMIN = { email: 'a@example.org', password: 'a long secret', name: 'A' }

/** A site of its own processes, set up; the token is its first administrator's access token. */
export interface Site {
  url: string
  token: string
  /** The process id of the web server. */
  pid: number
  stop(): Promise<void>
}

export async function startSite(
  environment: Environment,
  databaseUrl: string,
  changes: NodeJS.ProcessEnv = {}
): Promise<Site> {
  const stopProjector = startProcess(PROJECTOR_PROCESS.args, {
    ...environment.processEnv(databaseUrl),
    ...changes,
  })
  const { url, pid, stop: stopServer } = await startWebServer(environment, databaseUrl, changes)
  const stop = async () => {
    await Promise.all([stopServer(), stopProjector()])
  }
  const { access_token: token } = await post<{ access_token: string }>(
    `${url}/api/v1/setup`,
    ADMIN,
    null
  )
  return { url, token, pid, stop }
}

/** A web server alone, or one more of a site. */
export async function startWebServer(
  environment: Environment,
  databaseUrl: string,
  changes: NodeJS.ProcessEnv = {}
): Promise<Omit<Site, 'token'>> {
  const port = await findFreePort()
  const url = `http://127.0.0.1:${port}`
  const stop = startProcess(WEB_PROCESS.args, {
    ...WEB_PROCESS.env,
    ...environment.processEnv(databaseUrl),
    PORT: String(port),
    HOST: '127.0.0.1',
    APP_URL: url,
    ...changes,
  })
  await untilAnswers(`${url}/health`, stop)
  return { url, pid: stop.pid ?? 0, stop }
}

/** The process that `npm start` runs beside those of a site, as it runs it. */
export function startWorker(environment: Environment, databaseUrl: string) {
  return startProcess(['ace.js', 'workers'], environment.processEnv(databaseUrl))
}

/** What the API answers to JSON, out of its envelope. */
export async function post<Data>(url: string, body: object, token: string | null): Promise<Data> {
  const answer = await fetch(url, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json',
      ...(token !== null && { Authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify(body),
  })
  if (!answer.ok) {
    throw new Error(`${url} answered ${answer.status}: ${await answer.text()}`)
  }
  const { data } = (await answer.json()) as { data: Data }
  return data
}

export async function untilAnswers(url: string, stop: () => Promise<void>): Promise<void> {
  const deadline = Date.now() + START_MILLISECONDS
  while ((await fetch(url).catch(() => null))?.status !== 200) {
    if (Date.now() > deadline) {
      await stop()
      throw new Error(`Nobody answered at ${url}`)
    }
    await delay(50)
  }
}
