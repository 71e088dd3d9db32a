import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { findFreePort } from '../app/supervisor/free_port.ts'
import { startProcess, type Environment } from './environment.ts'
import { uploadPicture } from './form.ts'
import { LeanClients } from './lean_client.ts'
import { hasNginx, startNginx } from './nginx.ts'
import { makePicture } from './pictures.ts'
import { figure, type Figure } from './report.ts'
import { interleave, rate } from './rounds.ts'
import { startSite, untilAnswers } from './site.ts'

const AT_A_TIME = 32
const NAME = 'picture.jpg'

/**
 * Files of 200 kB a second: from one web process, beside bare node:http and AdonisJS's response.download; and sent by
 * nginx at the site's word, beside nginx alone.
 */
export async function serve(environment: Environment): Promise<Figure[]> {
  const files = join(environment.folder, 'files')
  mkdirSync(files)
  const file = join(files, NAME)
  const picture = await makePicture()
  writeFileSync(file, picture)
  const stops: Array<() => Promise<void>> = []
  try {
    const url = await environment.database('bench_serve')
    const site = await startSite(environment, url)
    stops.push(site.stop)
    const path = await uploadPicture(site, picture)
    const limit = await startServer(['bench/bare_files.ts', file], process.env)
    stops.push(limit.stop)
    const peer = await startServer(['bench/download_adonis.ts', file], environment.processEnv(url))
    stops.push(peer.stop)
    const measure = measurer(environment)
    const own = await interleave(
      {
        ours: () => measure(site.url, path),
        limit: () => measure(limit.url, `/${NAME}`),
        peer: () => measure(peer.url, `/${NAME}`),
      },
      environment.rounds
    )
    const name = `GET 200 kB, ${AT_A_TIME} at a time`
    const figures = [figure('serve', name, 'files/s', own)]
    if (!hasNginx) {
      console.error('There is no nginx here: what it sends is not measured')
      return figures
    }
    await site.stop()
    const proxied = await startSite(environment, await environment.database('bench_accel'), {
      SENDFILE: 'x-accel-redirect',
    })
    stops.push(proxied.stop)
    const proxiedPath = await uploadPicture(proxied, picture)
    const { DATA_DIR: dataDir = '' } = environment.processEnv(url)
    const { folder } = environment
    const nginx = await startNginx({ folder, files, siteUrl: proxied.url, dataDir })
    stops.push(nginx.stop)
    const sent = await interleave(
      {
        ours: () => measure(nginx.proxyUrl, proxiedPath),
        limit: () => measure(nginx.staticUrl, `/${NAME}`),
      },
      environment.rounds
    )
    return [...figures, figure('serve', `${name}, sent by nginx`, 'files/s', sent)]
  } finally {
    await Promise.all(stops.map((stop) => stop()))
  }
}

function measurer({ smoke }: Environment) {
  const milliseconds = smoke ? 200 : 3_000
  return async (url: string, path: string) => {
    const clients = new LeanClients(url, AT_A_TIME)
    try {
      return await rate(AT_A_TIME, milliseconds, () => clients.get(path))
    } finally {
      clients.close()
    }
  }
}

/** A server of one file, its port as the last argument and in the environment. */
async function startServer(args: string[], env: NodeJS.ProcessEnv) {
  const port = String(await findFreePort())
  const url = `http://127.0.0.1:${port}`
  const stop = startProcess([...args, port], { ...env, PORT: port, HOST: '127.0.0.1' })
  await untilAnswers(url, stop)
  return { url, stop }
}
