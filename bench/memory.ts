import { request } from 'node:http'
import { connect, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import type { Environment } from './environment.ts'
import { FORM_TYPE, PART_END, PART_HEAD, uploadPicture } from './form.ts'
import { makeBitmap } from './pictures.ts'
import { residentMegabytes } from './process_memory.ts'
import { figure, type Figure } from './report.ts'
import { startSite, type Site } from './site.ts'

const UPLOADS = 32
const DOWNLOADS = 200
const SMOKE = { uploads: 2, downloads: 10, side: 600 }
const LOOK_MILLISECONDS = 50
/** Each slow client takes so much, and then sleeps. */
const SLEEP_MILLISECONDS = 250
const PATIENCE_MILLISECONDS = 120_000

/**
 * The most resident memory, in MB, that a web process has while many upload large files and many more download one very
 * slowly. Once: what is measured is a bound.
 */
export async function memory(environment: Environment): Promise<Figure[]> {
  const { smoke } = environment
  const uploads = smoke ? SMOKE.uploads : UPLOADS
  const downloads = smoke ? SMOKE.downloads : DOWNLOADS
  const bitmap = smoke ? makeBitmap(SMOKE.side) : makeBitmap()
  const site = await startSite(environment, await environment.database('bench_memory'))
  const sockets: Socket[] = []
  let watching = true
  try {
    const path = await uploadPicture(site, bitmap)
    let most = 0
    const watch = (async () => {
      while (watching) {
        most = Math.max(most, residentMegabytes(site.pid))
        await delay(LOOK_MILLISECONDS)
      }
    })()
    for (let index = 0; index < downloads; index++) {
      sockets.push(slowDownload(site.url, path))
    }
    const signal = AbortSignal.timeout(PATIENCE_MILLISECONDS)
    await Promise.all(Array.from({ length: uploads }, () => uploadBitmap(site, bitmap, signal)))
    watching = false
    await watch
    const megabytes = Math.round(bitmap.length / 1024 / 1024)
    const name = `${uploads} uploads of ${megabytes} MB, ${downloads} slow downloads`
    return [figure('memory', name, 'MB', { ours: most, limit: null, peer: null })]
  } finally {
    watching = false
    sockets.forEach((socket) => socket.destroy())
    await site.stop()
  }
}

/** A client that takes a chunk now and then. */
function slowDownload(url: string, path: string): Socket {
  const { hostname, port, host } = new URL(url)
  const socket = connect(Number(port), hostname)
  socket.on('error', () => {})
  socket.on('data', () => {
    socket.pause()
    setTimeout(() => socket.resume(), SLEEP_MILLISECONDS)
  })
  socket.write(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`)
  return socket
}

/** Sends a bitmap as a form would, as fast as it is taken, without a copy of it. */
function uploadBitmap({ url, token }: Site, bitmap: Buffer, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const length = PART_HEAD.length + bitmap.length + PART_END.length
  const sent = request(
    `${url}/api/v1/images`,
    {
      method: 'POST',
      headers: { ...FORM_TYPE, 'Content-Length': length, 'Authorization': `Bearer ${token}` },
      signal,
    },
    (answer) => {
      answer.resume()
      answer.on('end', () =>
        answer.statusCode === 201
          ? resolve()
          : reject(new Error(`An upload was answered ${answer.statusCode}`))
      )
    }
  )
  sent.on('error', reject)
  sent.write(PART_HEAD)
  sent.write(bitmap)
  sent.end(PART_END)
  return promise
}
