import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import sharp from './own_sharp.ts'
import { findFreePort } from '../app/supervisor/free_port.ts'
import { startProcess, type Environment } from './environment.ts'
import { uploadPicture } from './form.ts'
import { LeanClients } from './lean_client.ts'
import { makePhotograph } from './pictures.ts'
import { figure, type Figure } from './report.ts'
import { interleave, rate } from './rounds.ts'
import { startSite, untilAnswers, type Site } from './site.ts'

const FORMATS = ['webp', 'jpeg'] as const
const CONCURRENCIES = [1, 8]
/** The limit is sharp itself, this many at once. */
const LIMIT_AT_ONCE = 2
const CACHED_AT_A_TIME = 32
const NAME = 'photograph.jpg'
const QUALITY = 80
/** No variant is asked for twice: widths lie around 400, and differ. */
const WIDTHS = { from: 300, count: 200 }

/**
 * Variants a second of a photograph of 12 megapixels, made anew each time, beside sharp in process and ipx; and the same
 * one again and again, from the cache.
 */
export async function variants(environment: Environment): Promise<Figure[]> {
  const { smoke, rounds } = environment
  const milliseconds = smoke ? 200 : 2_500
  const files = join(environment.folder, 'photographs')
  mkdirSync(files)
  const file = join(files, NAME)
  const photograph = await makePhotograph()
  writeFileSync(file, photograph)
  sharp.concurrency(1)
  const site = await startSite(environment, await environment.database('bench_variants'))
  const peer = await startPeer(files)
  const figures: Figure[] = []
  try {
    const path = await uploadPicture(site, photograph)
    for (const format of FORMATS) {
      for (const atATime of CONCURRENCIES) {
        const clients = new LeanClients(site.url, atATime)
        const peers = new LeanClients(peer.url, atATime)
        const [own, limits, others] = [widths(), widths(), widths()]
        const medians = await interleave(
          {
            // Each case has qualities of its own, so that nothing is there from the one before.
            ours: () =>
              rate(atATime, milliseconds, () =>
                clients.get(
                  `${path}@w_${own()},q_${QUALITY + CONCURRENCIES.indexOf(atATime)},f_${format}`
                )
              ),
            limit: () =>
              rate(Math.min(atATime, LIMIT_AT_ONCE), milliseconds, () =>
                sharp(file).resize(limits())[format]({ quality: QUALITY }).toBuffer()
              ),
            peer: () =>
              rate(atATime, milliseconds, () =>
                peers.get(`/w_${others()},q_${QUALITY},f_${format}/${NAME}`)
              ),
          },
          rounds
        )
        figures.push(figure('variants', `${format}, ${atATime} at a time`, 'variants/s', medians))
        clients.close()
        peers.close()
      }
    }
    figures.push(await cached(site, path, milliseconds, rounds))
    return figures
  } finally {
    await Promise.all([site.stop(), peer.stop()])
  }
}

async function cached(site: Site, path: string, milliseconds: number, rounds: number) {
  const clients = new LeanClients(site.url, CACHED_AT_A_TIME)
  try {
    const ours = () =>
      rate(CACHED_AT_A_TIME, milliseconds, () => clients.get(`${path}@w_400,f_webp`))
    const medians = await interleave({ ours }, rounds)
    return figure(
      'variants',
      `from the cache, ${CACHED_AT_A_TIME} at a time`,
      'variants/s',
      medians
    )
  } finally {
    clients.close()
  }
}

function widths(): () => number {
  let drawn = 0
  return () =>
    WIDTHS.from + ((drawn++ * 7) % WIDTHS.count) + Math.floor(drawn / WIDTHS.count) * WIDTHS.count
}

async function startPeer(folder: string) {
  const port = await findFreePort()
  const url = `http://127.0.0.1:${port}`
  const stop = startProcess(['bench/ipx_server.ts', folder, String(port)], process.env)
  await untilAnswers(url, stop)
  return { url, stop }
}
