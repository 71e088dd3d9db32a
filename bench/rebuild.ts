import { once } from 'node:events'
import { Agent } from 'node:http'
import { spawn } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'
import { PostgresEventStore } from '../app/event_store/postgres_event_store.ts'
import { findFreePort } from '../app/supervisor/free_port.ts'
import { WEB_PROCESS } from '../app/supervisor/web_process.ts'
import { openPool, ROOT, SITE_KEY, startProcess, type Environment } from './environment.ts'
import { send } from './http_client.ts'
import { residentMegabytes } from './process_memory.ts'
import { figure, type Figure } from './report.ts'
import { percentile } from './rounds.ts'
import { startSite, untilAnswers, type Site } from './site.ts'
import { untilProjected, writeHistory } from './written_log.ts'

const SIZES = [100_000, 1_000_000]
const SMOKE_SIZES = [2_000]
const READERS = 2
/** How many lists a second are asked for while it goes on, about, and the pause of each reader between two. */
const READINGS = [
  { name: 'some 20 lists a second', pauseMilliseconds: 100 },
  { name: 'lists without a pause', pauseMilliseconds: 5 },
]
const WARM_MILLISECONDS = 3_000
const QUIET_MILLISECONDS = 20_000
const LOOK_MILLISECONDS = 100
const LIST = '/api/v1/images?page_size=20'
/** A list that was read before is answered from memory, which says nothing of the database. */
let addressesGiven = 0

/**
 * The rebuild of all read models while a site serves: events a second without readers and with, what these notice, the memory
 * of the process that rebuilds, and how long a web server takes to start on such a log. Once for each size: a rebuild is its
 * own average.
 */
export async function rebuild(environment: Environment): Promise<Figure[]> {
  const figures: Figure[] = []
  for (const events of environment.smoke ? SMOKE_SIZES : SIZES) {
    figures.push(...(await rebuildOf(environment, events)))
  }
  return figures
}

async function rebuildOf(environment: Environment, events: number): Promise<Figure[]> {
  const url = await environment.database(`bench_rebuild_${events}`)
  const site = await startSite(environment, url)
  const agent = new Agent({ keepAlive: true })
  try {
    const head = await fill(url, events)
    const name = `${head} events`
    const alone = (ours: number) => ({ ours, limit: null, peer: null })
    const unread = startRebuild(environment, url)
    const figures = [
      figure('rebuild', `${name}, nobody reads`, 'events/s', alone(head / (await unread.seconds))),
    ]
    let most = 0
    // What a web server answers first takes it many times as long as what follows.
    await readFor(site, agent, 0, delay(environment.smoke ? 100 : WARM_MILLISECONDS))
    for (const { name: reading, pauseMilliseconds } of READINGS) {
      const readUntil = (end: Promise<unknown>) => readFor(site, agent, pauseMilliseconds, end)
      const quiet = await readUntil(delay(environment.smoke ? 300 : QUIET_MILLISECONDS))
      const running = startRebuild(environment, url)
      const busy = await readUntil(running.seconds)
      most = Math.max(most, running.mostMegabytes())
      figures.push(
        figure('rebuild', `${name}, ${reading}`, 'events/s', alone(head / (await running.seconds))),
        figure('rebuild', `${name}, ${reading}, p99 of a list`, 'ms', {
          ours: percentile(busy, 0.99),
          limit: percentile(quiet, 0.99),
          peer: null,
        })
      )
    }
    return [
      ...figures,
      figure('rebuild', `${name}, memory`, 'MB', alone(most)),
      figure(
        'rebuild',
        `${name}, start of a web server`,
        's',
        alone(await startSeconds(environment, url))
      ),
    ]
  } finally {
    agent.destroy()
    await site.stop()
  }
}

/** Answers the position of the last event, which all read models have reached. */
async function fill(url: string, events: number): Promise<number> {
  const store = new PostgresEventStore({ connectionString: url, siteKey: SITE_KEY })
  const pool = openPool(url, 1)
  try {
    await writeHistory(store, events)
    const { position } = await store.head()
    await untilProjected(url, position)
    await pool.query('vacuum analyze')
    return position
  } finally {
    await pool.end()
    await store.close()
  }
}

/** The times in milliseconds of lists that are read, each under an address that is new, until something has ended. */
async function readFor(
  site: Site,
  agent: Agent,
  pauseMilliseconds: number,
  until: Promise<unknown>
): Promise<number[]> {
  const times: number[] = []
  let reading = true
  const stop = () => (reading = false)
  until.then(stop, stop)
  const read = async () => {
    while (reading) {
      addressesGiven += 1
      const url = `${site.url}${LIST}&read=${addressesGiven}`
      const startedAt = performance.now()
      await send(agent, { url, token: site.token })
      times.push(performance.now() - startedAt)
      await delay(pauseMilliseconds)
    }
  }
  await Promise.all([until, ...Array.from({ length: READERS }, read)])
  return times
}

/** `projections:rebuild` as an administrator runs it, and how long that takes, the start of the process included. */
function startRebuild(environment: Environment, url: string) {
  const startedAt = performance.now()
  const child = spawn(process.execPath, ['ace.js', 'projections:rebuild'], {
    cwd: ROOT,
    env: environment.processEnv(url),
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
  let most = 0
  const look = setInterval(() => {
    if (child.exitCode === null && child.pid !== undefined) {
      most = Math.max(most, residentMegabytes(child.pid))
    }
  }, LOOK_MILLISECONDS)
  const seconds = once(child, 'exit').then(([code]) => {
    clearInterval(look)
    if (code !== 0) {
      throw new Error(`The rebuild ended with ${code}: ${said}`)
    }
    return (performance.now() - startedAt) / 1000
  })
  return { seconds, mostMegabytes: () => most }
}

async function startSeconds(environment: Environment, url: string): Promise<number> {
  const port = await findFreePort()
  const startedAt = performance.now()
  const stop = startProcess(WEB_PROCESS.args, {
    ...WEB_PROCESS.env,
    ...environment.processEnv(url),
    PORT: String(port),
    HOST: '127.0.0.1',
  })
  await untilAnswers(`http://127.0.0.1:${port}/health`, stop)
  const seconds = (performance.now() - startedAt) / 1000
  await stop()
  return seconds
}
