import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createHash } from 'node:crypto'
import { mkdir, open, rename } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import sharp from 'sharp'
import { findFreePort } from '../app/supervisor/free_port.ts'
import { ROOT, type Environment } from './environment.ts'
import { figure, type Figure } from './report.ts'
import { interleave, rate } from './rounds.ts'

const CONCURRENCIES = [1, 8, 32]
const SIDE = 460

/** Uploads a second of a 200 kB JPEG over HTTP, beside a bare server that hashes, writes and flushes. */
export async function upload(environment: Environment): Promise<Figure[]> {
  const milliseconds = environment.smoke ? 200 : 3_000
  const picture = await makePicture()
  const site = await startSite(environment)
  const bare = await startBare(environment)
  let number = 0
  const send = async (url: string, headers: Record<string, string>) => {
    // Each picture differs in its last byte before the end marker's padding, so that no bytes are stored twice.
    const bytes = Buffer.concat([picture, Buffer.from(String((number += 1)))])
    const body = new FormData()
    body.set('file', new Blob([new Uint8Array(bytes)], { type: 'image/jpeg' }), 'picture.jpg')
    const answer = await fetch(url, { method: 'POST', headers, body })
    if (answer.status !== 201) {
      throw new Error(`An upload was answered ${answer.status}: ${await answer.text()}`)
    }
    await answer.arrayBuffer()
  }
  try {
    const figures: Figure[] = []
    for (const concurrency of CONCURRENCIES) {
      const medians = await interleave(
        {
          ours: () =>
            rate(concurrency, milliseconds, () =>
              send(`${site.url}/api/v1/images`, { Authorization: `Bearer ${site.token}` })
            ),
          limit: () => rate(concurrency, milliseconds, () => send(bare.url, {})),
        },
        environment.rounds
      )
      figures.push(figure('upload', `200 kB JPEG, ${concurrency} at a time`, 'uploads/s', medians))
    }
    return figures
  } finally {
    await site.stop()
    await bare.stop()
  }
}

/** A JPEG of about 200 kB: noise does not compress. */
async function makePicture(): Promise<Buffer> {
  const noise = { type: 'gaussian', mean: 128, sigma: 60 } as const
  return sharp({ create: { width: SIDE, height: SIDE, channels: 3, background: '#777', noise } })
    .jpeg({ quality: 90 })
    .toBuffer()
}

async function startSite(environment: Environment) {
  const database = await environment.database('bench_upload')
  const port = await findFreePort()
  const url = `http://127.0.0.1:${port}`
  const env = {
    ...environment.processEnv(database),
    PORT: String(port),
    HOST: '127.0.0.1',
    APP_URL: url,
  }
  const processes = [['bin/server.ts'], ['ace.js', 'projector']].map((args) =>
    spawn(process.execPath, args, { cwd: ROOT, env, stdio: ['ignore', 'ignore', 'inherit'] })
  )
  const stop = async () => {
    await Promise.all(
      processes.map(async (one) => {
        if (one.exitCode === null) {
          one.kill('SIGTERM')
          await once(one, 'exit')
        }
      })
    )
  }
  const deadline = Date.now() + 30_000
  while ((await fetch(`${url}/health`).catch(() => null))?.status !== 200) {
    if (Date.now() > deadline) {
      await stop()
      throw new Error('The site did not answer')
    }
    await delay(50)
  }
  const answer = await fetch(`${url}/api/v1/setup`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ email: 'a@example.org', password: 'a long secret', name: 'A' }),
  })
  const { data } = (await answer.json()) as { data: { access_token: string } }
  return { url, token: data.access_token, stop }
}

/** What no upload can do without: receive, hash, write, flush, rename. */
async function startBare(environment: Environment) {
  const folder = join(environment.folder, 'bare')
  await mkdir(folder, { recursive: true })
  let number = 0
  const server = createServer(async (request, response) => {
    const hash = createHash('sha256')
    const path = join(folder, String((number += 1)))
    const file = await open(path, 'w')
    for await (const chunk of request as AsyncIterable<Buffer>) {
      hash.update(chunk)
      await file.write(chunk)
    }
    await file.datasync()
    await file.close()
    await rename(path, join(folder, `${hash.digest('hex')}-${number}`))
    response.statusCode = 201
    response.end('{}')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = address !== null && typeof address === 'object' ? address.port : 0
  return {
    url: `http://127.0.0.1:${port}`,
    stop: async () => {
      server.closeAllConnections()
      server.close()
    },
  }
}
