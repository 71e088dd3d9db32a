import { randomUUID } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from '@japa/runner'
import { Workshop } from '#imaging/workshop/workshop'
import type { Examination } from '#maintenance/doctor'
import { VariantFiles } from '#storage/variant_files'
import { plainPng } from '#tests/fixtures/images'
import { runCommand } from '#tests/helpers/ace'
import type { AdministeredStrategyJson, ApiClient, ImageJson } from '#tests/helpers/api'
import { FaultyProxy } from '#tests/helpers/faulty_proxy'
import {
  S3_BUCKET,
  S3_CREDENTIALS,
  startS3Server,
  type TestStorageServer,
} from '#tests/helpers/s3_server'
import { waitFor } from '#tests/helpers/wait_for'
import { startWebdavServer, WEBDAV_CREDENTIALS } from '#tests/helpers/webdav_server'
import { startWebServer, type TestWebServer } from '#tests/helpers/web_server'
import { StorageWorker } from '#workers/storage_worker'
import { strategyOf } from '#workers/strategy_settings'
import { ThumbnailsWorker } from '#workers/thumbnails_worker'

interface Kind {
  type: string
  start: () => Promise<TestStorageServer>
  atomicPuts: boolean
  configs: (url: string) => Record<string, string>
  /** The secret's field, and a value that is wrong. */
  wrong: Record<string, string>
}

const KINDS: Kind[] = [
  {
    type: 's3',
    start: startS3Server,
    atomicPuts: true,
    configs: (endpoint) => ({
      endpoint,
      bucket: S3_BUCKET,
      access_key: S3_CREDENTIALS.accessKey,
      secret_key: S3_CREDENTIALS.secretKey,
    }),
    wrong: { secret_key: 'wrong' },
  },
  {
    type: 'webdav',
    start: startWebdavServer,
    atomicPuts: false,
    configs: (endpoint) => ({ endpoint, ...WEBDAV_CREDENTIALS }),
    wrong: { password: 'wrong' },
  },
]

for (const kind of KINDS) {
  test.group(`Images in a strategy of the kind ${kind.type}`, (group) => {
    group.each.timeout(60_000)
    let server: TestWebServer
    let place: TestStorageServer
    let proxy: FaultyProxy
    let admin: ApiClient
    let strategy: AdministeredStrategyJson

    group.setup(async () => {
      ;[server, place] = await Promise.all([startWebServer(), kind.start()])
      proxy = new FaultyProxy(place.url, { atomicPuts: kind.atomicPuts })
      await proxy.start()
      admin = await server.setUp()
      const made = await admin.post<AdministeredStrategyJson>('/api/v1/admin/strategies', {
        json: { name: 'elsewhere', strategy_type: kind.type, configs: kind.configs(proxy.url) },
      })
      strategy = made.data
      for (const groupId of [1, 2]) {
        await admin.put(`/api/v1/admin/groups/${groupId}/strategies`, {
          json: { strategy_ids: [1, strategy.id] },
        })
      }
      return async () => {
        await server.stop()
        await proxy.stop()
        await place.stop()
      }
    })
    group.each.setup(() => () => proxy.reset())

    const upload = (bytes: Buffer, client = admin) =>
      client.upload<ImageJson>(bytes, 'far.png', { strategy_id: String(strategy.id) })

    const store = async () =>
      server.services.objectStores.get(await strategyOf(server.services.pool, strategy.id))

    const keys = async () =>
      (await Array.fromAsync((await store()).list())).map(({ key }) => key).toSorted()

    const change = (configs: Record<string, string>) =>
      admin.put(`/api/v1/admin/strategies/${strategy.id}`, { json: { configs } })

    const health = async () => {
      const { data } = await admin.get<Array<{ id: number; ok: boolean; detail: string | null }>>(
        '/api/v1/admin/strategies/health'
      )
      return data.find(({ id }) => id === strategy.id)
    }

    const assignment = (imageId: number) => ({
      reactionKey: `test-${randomUUID()}`,
      eventId: randomUUID(),
      eventPosition: 1,
      attempt: 1,
      payload: { image_id: imageId },
    })

    const path = (url: string) => new URL(url).pathname

    test('from upload to sweep', async ({ assert }) => {
      const { services } = server
      const bytes = await plainPng(41, 23)
      const { status, data: image } = await upload(bytes)
      assert.equal(status, 201)
      assert.equal(image.strategy_id, strategy.id)

      const whole = await admin.get(path(image.links.url))
      assert.isTrue(whole.bytes.equals(bytes))
      const part = await admin.get(path(image.links.url), { headers: { range: 'bytes=2-9' } })
      assert.equal(part.status, 206)
      assert.isTrue(part.bytes.equals(bytes.subarray(2, 10)))

      const ports = {
        pool: services.pool,
        eventStore: services.eventStore,
        handlers: services.handlers,
        objectStores: services.objectStores,
        variantFiles: new VariantFiles(server),
        workshop: new Workshop(),
      }
      await new ThumbnailsWorker(ports).process([assignment(image.id)])
      const thumbnail = await admin.get(path(image.links.thumbnail_url))
      assert.equal(thumbnail.status, 200)
      assert.lengthOf(await keys(), 2)

      await admin.delete(`/api/v1/images/${image.key}`)
      await admin.delete(`/api/v1/trash/${image.key}`)
      await new StorageWorker(ports).process([assignment(image.id)])
      assert.deepEqual(await keys(), [])
    })

    test('a place that is away is 503, leaves nothing, and comes back by itself', async ({
      assert,
    }) => {
      const bytes = await plainPng(42, 23)
      const { data: before } = await upload(bytes)
      await proxy.stop()
      const answer = await upload(await plainPng(43, 23))
      assert.equal(answer.status, 503)
      assert.match(answer.message, /storage cannot be used/)
      assert.isAbove(Number(answer.headers.get('retry-after')), 0)
      assert.equal((await admin.get(path(before.links.url))).status, 503)
      assert.equal((await admin.upload(await plainPng(44, 23))).status, 201, 'others go on')
      assert.isFalse((await health())?.ok)
      assert.deepEqual(await readdir(join(server.dataDir, 'spool')), [])
      const { data: listed } = await admin.get<{ total: number }>('/api/v1/images')
      assert.equal(listed.total, 2)

      await proxy.start()
      assert.isTrue((await admin.get(path(before.links.url))).bytes.equals(bytes))
      assert.equal((await upload(await plainPng(43, 23))).status, 201)
      await waitFor(async () => (await health())?.ok, { what: 'health', everyMs: 200 })
    })

    test('links lead there where they may', async ({ assert }) => {
      const base = `${proxy.url}/${S3_BUCKET}`
      await change({ url: base })
      const bytes = await plainPng(47, 23)
      const seen = await waitFor(
        async () => {
          const { data } = await upload(bytes)
          return data.links.url.startsWith(base) ? data : null
        },
        { what: 'a direct link' }
      )
      const direct = await fetch(seen.links.url)
      assert.equal(direct.headers.get('content-type'), 'image/png')
      assert.isTrue(Buffer.from(await direct.arrayBuffer()).equals(bytes))
      const listed = await admin.get<{ items: ImageJson[] }>('/api/v1/images')
      assert.include(
        listed.data.items.map(({ links }) => links.url),
        seen.links.url
      )
      const changed = await admin.patch<ImageJson>(`/api/v1/images/${seen.key}`, {
        json: { permission: 0 },
      })
      assert.equal(changed.data.links.url, `${server.api.url}/i/${seen.key}.png`)
      await change({ link_mode: 'proxy' })
    }).skip(kind.type !== 's3', 'its images are always got from this server')

    test('the doctor tells that it cannot be used, and looks at all else', async ({ assert }) => {
      assert.equal((await upload(await plainPng(47, 23))).status, 201)
      assert.equal((await admin.upload(await plainPng(48, 23))).status, 201)
      await change(kind.wrong)
      const { databaseUrl, redisUrl, appKey, dataDir } = server.services.config
      const { code, stdout } = await runCommand(
        databaseUrl,
        ['maintenance:doctor', '--json'],
        undefined,
        { REDIS_URL: redisUrl, APP_KEY: appKey, DATA_DIR: dataDir }
      )
      await change(kind.configs(proxy.url))

      assert.equal(code, 1)
      const { checks }: { checks: Examination[] } = JSON.parse(stdout)
      const of = (check: string) => checks.find((one) => one.check === check)
      assert.isAbove(of('objects')?.looked ?? 0, 0, 'those that lie here are looked at')
      const [finding = '', ...others] = of('objects')?.findings ?? []
      assert.match(
        finding,
        new RegExp(`^strategy ${strategy.id} cannot be used, \\d+ objects were not looked at: `)
      )
      assert.isEmpty(others)
      assert.deepEqual(of('keys')?.findings, [])
    })

    test('a changed secret holds at once, and the health tells what is wrong', async ({
      assert,
    }) => {
      await change(kind.wrong)
      const refused = await waitFor(
        async () => {
          const answer = await upload(await plainPng(45, 23))
          return answer.status === 503 ? answer : null
        },
        { what: 'a refused upload', timeoutMs: 2_000 }
      )
      assert.notMatch(refused.message, /credentials/, 'that is for administrators')
      assert.match(String((await health())?.detail), /refuses the credentials/)

      await change(kind.configs(proxy.url))
      await waitFor(async () => (await upload(await plainPng(46, 23))).status === 201, {
        what: 'an upload with the right secret',
        timeoutMs: 2_000,
      })
      assert.deepInclude(await health(), { ok: true, detail: null })
    })
  })
}
