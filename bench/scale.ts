import { Agent } from 'node:http'
import { PostgresEventStore } from '../app/event_store/postgres_event_store.ts'
import { openPool, SITE_KEY, type Environment } from './environment.ts'
import { FORM_TYPE, multipart } from './form.ts'
import { send } from './http_client.ts'
import { distinct, makePicture } from './pictures.ts'
import { figure, type Figure } from './report.ts'
import { settledJobs } from './settled_jobs.ts'
import { startSite, startWebServer, startWorker, type Site } from './site.ts'
import { untilProjected, writeHistory } from './written_log.ts'

const PROCESSES = [1, 2, 4]
const SMOKE_PROCESSES = [1, 2]
/** How old the site is, in events; a cost that grew with age would show. */
const AGES = [0, 100_000, 1_000_000]
const SMOKE_AGES = [2_000]
const UPLOADS = 400
const SMOKE_UPLOADS = 20
const WARM_UP_UPLOADS = 100
const AT_A_TIME = 16

/**
 * Uploads of a 200 kB JPEG a second to 1, 2 and 4 web processes with no worker beside them, and then the jobs that they owe,
 * a second, with 1, 2 and 4 workers that are started for them; on a new log and on long ones. Once for each.
 */
export async function scale(environment: Environment): Promise<Figure[]> {
  const figures: Figure[] = []
  for (const age of environment.smoke ? SMOKE_AGES : AGES) {
    figures.push(...(await scaledAt(environment, age)))
  }
  return figures
}

async function scaledAt(environment: Environment, age: number): Promise<Figure[]> {
  const database = await environment.database(`bench_scale_${age}`)
  const site = await startSite(environment, database)
  const stops = [() => site.stop()]
  try {
    await fill(database, age)
    const urls = [site.url]
    const figures: Figure[] = []
    let stored = 0
    for (const processes of environment.smoke ? SMOKE_PROCESSES : PROCESSES) {
      while (urls.length < processes) {
        const { url, stop } = await startWebServer(environment, database)
        urls.push(url)
        stops.push(stop)
      }
      if (!environment.smoke) {
        await uploadTo(urls, site, WARM_UP_UPLOADS, stored)
        stored += WARM_UP_UPLOADS
      }
      const uploads = environment.smoke ? SMOKE_UPLOADS : UPLOADS
      const uploadsASecond = await uploadTo(urls, site, uploads, stored)
      stored += uploads
      const jobsASecond = await jobsWith(processes, { environment, database, thumbnails: stored })
      const alone = (ours: number) => ({ ours, limit: null, peer: null })
      const plural = processes === 1 ? '' : 's'
      const log = `log of ${age} events`
      figures.push(
        figure(
          'scale',
          `${log}, ${processes} web server${plural}`,
          'uploads/s',
          alone(uploadsASecond)
        ),
        figure(
          'scale',
          `${log}, ${processes} worker${plural}, started anew`,
          'jobs/s',
          alone(jobsASecond)
        )
      )
    }
    return figures
  } finally {
    await Promise.all(stops.map((stop) => stop()))
  }
}

/** Gives a site a past: its read models know it, its jobs are done, and new images come after it. */
async function fill(database: string, events: number): Promise<void> {
  if (events === 0) {
    return
  }
  const store = new PostgresEventStore({ connectionString: database, siteKey: SITE_KEY })
  const pool = openPool(database, 1)
  try {
    await writeHistory(store, events)
    const { position } = await store.head()
    await untilProjected(database, position)
    await pool.query('update run.relay_checkpoint set position = $1', [position])
    await pool.query(`select setval('log.image_ids', $1)`, [events])
    await pool.query('vacuum analyze')
  } finally {
    await pool.end()
    await store.close()
  }
}

async function doneJobs(database: string): Promise<number> {
  const pool = openPool(database, 1)
  try {
    const { rows } = await pool.query<{ done: string }>(
      `select count(*) as done from run.job_ledger where state = 'done'`
    )
    return Number(rows[0]?.done ?? 0)
  } finally {
    await pool.end()
  }
}

/** The jobs of the last uploads, a second, done by workers that are started for them. */
async function jobsWith(
  workers: number,
  {
    environment,
    database,
    thumbnails,
  }: { environment: Environment; database: string; thumbnails: number }
): Promise<number> {
  const doneBefore = await doneJobs(database)
  const startedAt = performance.now()
  const running = Array.from({ length: workers }, () => startWorker(environment, database))
  try {
    const done = await settledJobs(database, thumbnails)
    return (done - doneBefore) / ((performance.now() - startedAt) / 1000)
  } finally {
    await Promise.all(running.map((stop) => stop()))
  }
}

/** Uploads pictures to servers in turn; answers how many a second. */
async function uploadTo(
  urls: readonly string[],
  { token }: Site,
  uploads: number,
  storedBefore: number
) {
  const agent = new Agent({ keepAlive: true })
  const picture = await makePicture()
  let next = 0
  const lane = async () => {
    while (next < uploads) {
      next += 1
      await send(agent, {
        url: `${urls[next % urls.length]}/api/v1/images`,
        token,
        type: FORM_TYPE['Content-Type'],
        body: multipart(distinct(picture, storedBefore + next)),
        status: 201,
      })
    }
  }
  const startedAt = performance.now()
  await Promise.all(Array.from({ length: AT_A_TIME }, lane))
  const seconds = (performance.now() - startedAt) / 1000
  agent.destroy()
  return uploads / seconds
}
