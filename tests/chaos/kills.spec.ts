import { createHash, randomInt } from 'node:crypto'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { test } from '@japa/runner'
import type { Assert } from '@japa/assert'
import { Redis } from 'ioredis'
import { waitFor } from '#tests/helpers/wait_for'
import { checkTheBooks } from './books.ts'
import { SeededRandom } from './random.ts'
import { RunningSite } from './running_site.ts'
import { Uploader, type Acknowledged } from './uploader.ts'

/** The full run has 60 kills or more: `CHAOS_KILLS=60`. A run is repeated with the `CHAOS_SEED` that it printed. */
const KILLS = Number(process.env.CHAOS_KILLS ?? 10)
const SEED = Number(process.env.CHAOS_SEED ?? randomInt(2 ** 31))

const UPLOADERS = 3
const UPLOADS_BETWEEN_KILLS = 4
const LONGEST_MOMENT_MILLISECONDS = 300
const RECOVERY_MILLISECONDS = 60_000

const FAULTS = [
  'kill web',
  'kill worker',
  'kill projector',
  'kill redis',
  'flush redis',
  'stop postgres at once',
  'kill postgres',
] as const
type Fault = (typeof FAULTS)[number]

async function inflict(site: RunningSite, fault: Fault): Promise<void> {
  switch (fault) {
    case 'kill web':
      return site.kill('web')
    case 'kill worker':
      return site.kill('worker')
    case 'kill projector':
      return site.kill('projector')
    case 'kill redis':
      return site.kill('redis')
    case 'stop postgres at once':
      return site.kill('postgres', 'SIGQUIT')
    case 'kill postgres':
      return site.kill('postgres')
    case 'flush redis': {
      const redis = new Redis(site.redisUrl, { maxRetriesPerRequest: 3 })
      redis.on('error', () => {})
      await redis.flushall().catch(() => {})
      redis.disconnect()
    }
  }
}

async function makeToken(url: string): Promise<string> {
  const post = async (path: string, body: object, token?: string) => {
    const answer = await fetch(`${url}/api/v1${path}`, {
      method: 'POST',
      headers: {
        'Content-Type': 'application/json',
        ...(token ? { Authorization: `Bearer ${token}` } : {}),
      },
      body: JSON.stringify(body),
    })
    if (answer.status !== 201) {
      throw new Error(`${path} was answered ${answer.status}: ${await answer.text()}`)
    }
    return ((await answer.json()) as { data: Record<string, string> }).data
  }
  const admin = { email: 'admin@example.org', password: 'a long secret', name: 'Admin' }
  const tokens = await post('/setup', admin)
  const { token } = await post('/api-tokens', { name: 'chaos' }, tokens.access_token)
  return token ?? ''
}

async function bytesAreThere({ url, sha256 }: Acknowledged): Promise<boolean> {
  const answer = await fetch(url).catch(() => null)
  if (answer?.status !== 200) {
    return false
  }
  const bytes = Buffer.from(await answer.arrayBuffer())
  return createHash('sha256').update(bytes).digest('hex') === sha256
}

async function checkPictures(assert: Assert, pictures: readonly Acknowledged[]): Promise<void> {
  for (const picture of pictures) {
    await waitFor(() => bytesAreThere(picture), {
      what: `the bytes of ${picture.url}`,
      timeoutMs: RECOVERY_MILLISECONDS,
      everyMs: 100,
    })
  }
  assert.equal(new Set(pictures.map(({ id }) => id)).size, pictures.length)
}

test.group('Chaos', (group) => {
  let folder: string
  let site: RunningSite

  group.each.setup(() => {
    folder = mkdtempSync(join(tmpdir(), 'picfast-chaos-'))
    chmodSync(folder, 0o711)
    return async () => {
      await site?.stop()
      rmSync(folder, { recursive: true, force: true })
    }
  })

  test(`${KILLS} kills while uploading lose nothing and do nothing twice (CHAOS_SEED=${SEED})`, async ({
    assert,
  }) => {
    const random = new SeededRandom(SEED)
    site = await RunningSite.start(join(folder, 'data'))
    const token = await makeToken(site.url)
    const uploaders = Array.from(
      { length: UPLOADERS },
      (_, index) => new Uploader(site.url, token, index * 1_000_000)
    )
    uploaders.forEach((uploader) => uploader.start())
    const acknowledged = () => uploaders.flatMap((uploader) => uploader.acknowledged)
    const uploadsGoOn = async (fault: string) => {
      const wanted = acknowledged().length + UPLOADS_BETWEEN_KILLS
      await waitFor(() => acknowledged().length >= wanted, {
        what: `uploads after "${fault}"; the site said:\n${site.output}`,
        timeoutMs: RECOVERY_MILLISECONDS,
      })
    }

    const faults = Array.from({ length: KILLS }, (_, index) =>
      // Each kind comes first in its turn, then at random.
      index < FAULTS.length ? (FAULTS[index] ?? FAULTS[0]) : random.pick(FAULTS)
    )
    await uploadsGoOn('the start')
    let checked = 0
    for (const fault of faults) {
      // A random moment within an upload, not a wait for something.
      await delay(random.below(LONGEST_MOMENT_MILLISECONDS))
      await inflict(site, fault)
      await uploadsGoOn(fault)
      const now = acknowledged()
      await checkPictures(assert, now.slice(checked))
      checked = now.length
    }
    await Promise.all(uploaders.map((uploader) => uploader.stop()))
    await checkPictures(assert, acknowledged())
    await checkTheBooks(assert, site, acknowledged())
  }).timeout(0)
})
