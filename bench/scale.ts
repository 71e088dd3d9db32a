import { Agent } from 'node:http'
import { findFreePort } from '../app/supervisor/free_port.ts'
import { WEB_PROCESS } from '../app/supervisor/web_process.ts'
import { startProcess, type Environment } from './environment.ts'
import { FORM_TYPE, multipart } from './form.ts'
import { send } from './http_client.ts'
import { distinct, makePicture } from './pictures.ts'
import { figure, type Figure } from './report.ts'
import { settledJobs } from './settled_jobs.ts'
import { startSite, startWorker, untilAnswers, type Site } from './site.ts'

const PROCESSES = [1, 2, 4]
const SMOKE_PROCESSES = [1, 2]
const UPLOADS = 1_000
const SMOKE_UPLOADS = 20
const AT_A_TIME = 16

/**
 * Uploads of a 200 kB JPEG a second to 1, 2 and 4 web processes with no worker beside them, and then the jobs that they owe,
 * a second, with 1, 2 and 4 workers. Once for each: every run has a database of its own.
 */
export async function scale(environment: Environment): Promise<Figure[]> {
  const figures: Figure[] = []
  for (const processes of environment.smoke ? SMOKE_PROCESSES : PROCESSES) {
    figures.push(...(await scaled(environment, processes)))
  }
  return figures
}

async function scaled(environment: Environment, processes: number): Promise<Figure[]> {
  const database = await environment.database(`bench_scale_${processes}`)
  const site = await startSite(environment, database)
  const stops = [() => site.stop()]
  try {
    const urls = [site.url]
    while (urls.length < processes) {
      const { url, stop } = await startServer(environment, database)
      urls.push(url)
      stops.push(stop)
    }
    const uploads = environment.smoke ? SMOKE_UPLOADS : UPLOADS
    const uploadsASecond = await uploadTo(urls, site, uploads)
    const startedAt = performance.now()
    for (let workers = 0; workers < processes; workers++) {
      stops.push(startWorker(environment, database))
    }
    const jobs = await settledJobs(database, uploads)
    const jobsASecond = jobs / ((performance.now() - startedAt) / 1000)
    const alone = (ours: number) => ({ ours, limit: null, peer: null })
    const plural = processes === 1 ? '' : 's'
    return [
      figure('scale', `${processes} web server${plural}`, 'uploads/s', alone(uploadsASecond)),
      figure('scale', `${processes} worker${plural}, started anew`, 'jobs/s', alone(jobsASecond)),
    ]
  } finally {
    await Promise.all(stops.map((stop) => stop()))
  }
}

async function startServer(environment: Environment, database: string) {
  const port = await findFreePort()
  const url = `http://127.0.0.1:${port}`
  const stop = startProcess(WEB_PROCESS.args, {
    ...WEB_PROCESS.env,
    ...environment.processEnv(database),
    PORT: String(port),
    HOST: '127.0.0.1',
    APP_URL: url,
  })
  await untilAnswers(`${url}/health`, stop)
  return { url, stop }
}

/** Uploads pictures to servers in turn; answers how many a second. */
async function uploadTo(urls: readonly string[], { token }: Site, uploads: number) {
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
        body: multipart(distinct(picture, next)),
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
