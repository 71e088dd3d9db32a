import { Agent } from 'node:http'
import { join } from 'node:path'
import { findFreePort } from '../app/supervisor/free_port.ts'
import { startProcess, type Environment } from './environment.ts'
import { FORM_TYPE, multipart } from './form.ts'
import { send } from './http_client.ts'
import { distinct, makePicture } from './pictures.ts'
import { figure, type Figure } from './report.ts'
import { interleave, rate } from './rounds.ts'
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

/**
 * Uploads a second over HTTP to all processes of a site, beside a bare server that hashes, writes, flushes and renames,
 * and an AdonisJS that only moves the file.
 */
export async function upload(environment: Environment): Promise<Figure[]> {
  const milliseconds = environment.smoke ? 200 : 3_000
  const database = await environment.database('bench_upload')
  const site = await startSite(environment, database)
  const stopWorker = startWorker(environment, database)
  const bare = await startPeer(environment, 'bare_server')
  const adonis = await startPeer(environment, 'adonis_upload')
  const agent = new Agent({ keepAlive: true })
  let number = 0
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
      for (const concurrency of concurrencies) {
        const medians = await interleave(
          {
            ours: () =>
              rate(concurrency, milliseconds, sendTo(`${site.url}/api/v1/images`, site.token)),
            limit: () => rate(concurrency, milliseconds, sendTo(bare.url)),
            peer: () => rate(concurrency, milliseconds, sendTo(adonis.url)),
          },
          environment.rounds
        )
        figures.push(figure('upload', `${name}, ${concurrency} at a time`, 'uploads/s', medians))
      }
    }
    return figures
  } finally {
    agent.destroy()
    await Promise.all([site.stop(), stopWorker(), bare.stop(), adonis.stop()])
  }
}

/** Runs a server to compare with; it is told a folder of its own and a port. */
async function startPeer(environment: Environment, name: string) {
  const port = await findFreePort()
  const url = `http://127.0.0.1:${port}/`
  const args = [`bench/${name}.ts`, join(environment.folder, name), String(port)]
  const stop = startProcess(args, {
    ...environment.processEnv('postgres://127.0.0.1/none'),
    HOST: '127.0.0.1',
    PORT: String(port),
  })
  await untilAnswers(url, stop)
  return { url, stop }
}
