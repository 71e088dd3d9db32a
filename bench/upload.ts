import { Agent } from 'node:http'
import { join } from 'node:path'
import { findFreePort } from '../app/supervisor/free_port.ts'
import { startProcess, type Environment } from './environment.ts'
import { FORM_TYPE, multipart } from './form.ts'
import { send } from './http_client.ts'
import { distinct, makePicture } from './pictures.ts'
import { figure, type Figure } from './report.ts'
import { inTurn, rate } from './rounds.ts'
import { settledJobs } from './settled_jobs.ts'
import { startSite, startWorker, untilAnswers } from './site.ts'

interface Load {
  name: string
  /** Of a picture of noise, which does not compress. */
  side: number
  concurrencies: number[]
}

const LOADS: Load[] = [
  { name: '200 kB JPEG', side: 510, concurrencies: [8, 32] },
  { name: '5 MB JPEG', side: 2_620, concurrencies: [8] },
]

/** All are warm before they are measured. */
const WARM_UP_MILLISECONDS = 2_000

/**
 * Uploads a second over HTTP to all processes of a site, beside a bare server that hashes, writes, flushes and renames,
 * one that takes all hashes and flushes the folder as well, and an AdonisJS that only moves the file. The thumbnails of one
 * round are made before the next begins.
 */
export async function upload(environment: Environment): Promise<Figure[]> {
  const milliseconds = environment.smoke ? 200 : 3_000
  const database = await environment.database('bench_upload')
  const site = await startSite(environment, database)
  const stopWorker = startWorker(environment, database)
  const bare = await startPeer(environment, 'bare_server')
  const thorough = await startPeer(environment, 'bare_server', 'thorough')
  const adonis = await startPeer(environment, 'adonis_upload')
  const agent = new Agent({ keepAlive: true })
  let number = 0
  let stored = 0
  try {
    const figures: Figure[] = []
    for (const { name, side, concurrencies } of LOADS) {
      const picture = await makePicture(side)
      const sendTo = (url: string, token?: string) => () =>
        send(agent, {
          url,
          token,
          type: FORM_TYPE['Content-Type'],
          body: multipart(distinct(picture, (number += 1))),
          status: 201,
        })
      const targets = {
        limit: sendTo(bare.url),
        thorough: sendTo(thorough.url),
        ours: sendTo(`${site.url}/api/v1/images`, site.token),
        peer: sendTo(adonis.url),
      }
      for (const concurrency of concurrencies) {
        const measure = (target: () => Promise<unknown>, time: number) =>
          rate(concurrency, time, target)
        const measureOurs = async (time: number) => {
          const before = number
          const measured = await measure(targets.ours, time)
          stored += number - before
          await settledJobs(database, stored)
          return measured
        }
        const warmUp = environment.smoke ? milliseconds : WARM_UP_MILLISECONDS
        await measure(targets.limit, warmUp)
        await measure(targets.thorough, warmUp)
        await measureOurs(warmUp)
        await measure(targets.peer, warmUp)
        const {
          limit,
          thorough: other,
          ours,
          peer,
        } = await inTurn(
          {
            limit: () => measure(targets.limit, milliseconds),
            thorough: () => measure(targets.thorough, milliseconds),
            ours: () => measureOurs(milliseconds),
            peer: () => measure(targets.peer, milliseconds),
          },
          environment.rounds
        )
        const what = `${name}, ${concurrency} at a time`
        figures.push(
          figure('upload', what, 'uploads/s', { ours, limit, peer }),
          figure('upload', `${what}, thorough limit`, 'uploads/s', { ours, limit: other, peer })
        )
      }
    }
    return figures
  } finally {
    agent.destroy()
    await Promise.all([site.stop(), stopWorker(), bare.stop(), thorough.stop(), adonis.stop()])
  }
}

/** Runs a server to compare with; it is told a folder of its own and a port. */
async function startPeer(environment: Environment, name: string, manner = 'plain') {
  const port = await findFreePort()
  const url = `http://127.0.0.1:${port}/`
  const folder = join(environment.folder, `${name}-${manner}`)
  const args = [`bench/${name}.ts`, folder, String(port), manner]
  const stop = startProcess(args, {
    ...environment.processEnv('postgres://127.0.0.1/none'),
    HOST: '127.0.0.1',
    PORT: String(port),
  })
  await untilAnswers(url, stop)
  return { url, stop }
}
