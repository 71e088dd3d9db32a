import { execFile } from 'node:child_process'
import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { test } from '@japa/runner'
import { thumbnailKey } from '#storage/object_key'
import { plainPng } from '#tests/fixtures/images'
import { ApiClient, type ImageJson, type TokensJson } from '#tests/helpers/api'
import { createTestDatabase } from '#tests/helpers/database'
import { startOneMoreWebServer, startWorker } from '#tests/helpers/site_process'
import { waitFor } from '#tests/helpers/wait_for'
import { ADMIN, startWebServer, SYSTEM, type TestWebServer } from '#tests/helpers/web_server'
import type { ServicesConfig } from '#start/services'
import { strategyOf } from '#workers/strategy_settings'

const ACE = fileURLToPath(new URL('../../ace.js', import.meta.url))

interface Ran {
  code: number
  output: string
}

/** A command of the site with these services, as somebody types it. */
function ace({ appKey, databaseUrl, redisUrl, dataDir }: ServicesConfig, ...args: string[]) {
  return new Promise<Ran>((resolve) => {
    const env = {
      ...process.env,
      NODE_ENV: 'production',
      APP_KEY: appKey,
      DATABASE_URL: databaseUrl,
      REDIS_URL: redisUrl,
      DATA_DIR: dataDir,
    }
    execFile(process.execPath, [ACE, ...args], { env }, (error, stdout, stderr) => {
      const code = error === null ? 0 : Number(error.code ?? 1)
      resolve({ code, output: stdout + stderr })
    })
  })
}

test.group('Backup and restore', (group) => {
  group.each.timeout(300_000)
  let server: TestWebServer
  let admin: ApiClient
  let folder: string
  let source: ServicesConfig

  group.setup(async () => {
    folder = await mkdtemp(join(tmpdir(), 'picfast-backup-'))
    server = await startWebServer()
    admin = await server.setUp()
    source = server.services.config
    return async () => {
      await server.stop()
      await rm(folder, { recursive: true, force: true })
    }
  })

  /** A new site with nothing in it: another database, another data folder. */
  const elsewhere = async (cleanup: (undo: () => Promise<void>) => void) => {
    const database = await createTestDatabase()
    const dataDir = await mkdtemp(join(tmpdir(), 'picfast-restored-'))
    cleanup(async () => {
      await database.drop()
      await rm(dataDir, { recursive: true, force: true })
    })
    return { ...source, databaseUrl: database.url, dataDir }
  }

  test('a site restored into nothing is the site that it was', async ({ assert, cleanup }) => {
    const image = (await admin.upload(await plainPng(40, 30))).data
    const gone = (await admin.upload(await plainPng(42, 30), 'gone.png')).data
    await admin.delete(`/api/v1/images/${gone.key}`)
    const worker = startWorker(source)
    await waitFor(
      async () =>
        (await admin.get<{ thumbnail: string }>(`/api/v1/images/${image.key}/pipeline`)).data
          .thumbnail === 'completed',
      { what: 'the thumbnail', timeoutMs: 30_000 }
    )
    await worker.stop()
    const backup = join(folder, 'whole')
    const keys = join(folder, 'whole-keys')

    const made = await ace(source, 'maintenance:backup', backup, `--keys=${keys}`, '--objects')
    assert.equal(made.code, 0, made.output)
    const inspected = await ace(source, 'maintenance:inspect', backup)
    assert.equal(inspected.code, 0, inspected.output)
    const manifest = await readFile(join(backup, 'manifest.json'), 'utf8')
    assert.notInclude(manifest, source.appKey)
    assert.notInclude(manifest, 'secrets.personal_keys')
    assert.include(await readFile(join(keys, 'manifest.json'), 'utf8'), source.appKey)

    const target = await elsewhere(cleanup)
    const restoring = ['maintenance:restore', backup, `--keys=${keys}`]
    const looked = await ace(target, ...restoring)
    assert.equal(looked.code, 0, looked.output)
    const restored = await ace(target, ...restoring, '--apply')
    assert.equal(restored.code, 0, restored.output)
    assert.equal((await ace(target, ...restoring, '--apply')).code, 1)
    const replaced = await ace(target, ...restoring, '--apply', '--force')
    assert.equal(replaced.code, 0, replaced.output)

    const well = await ace(target, 'maintenance:doctor', '--json')
    assert.equal(well.code, 0, well.output)
    const site = await startOneMoreWebServer(target)
    cleanup(() => site.stop())
    const again = new ApiClient(site.url, server.checker)
    const { data } = await again.post<TokensJson>('/api/v1/auth/login', { json: ADMIN })
    const owner = again.as(data.access_token)
    const shown = await owner.get<ImageJson>(`/api/v1/images/${image.key}`)
    assert.containsSubset(shown.data, { id: image.id, origin_name: image.origin_name })
    const path = new URL(image.links.url).pathname
    const [before, after] = await Promise.all([server.api.get(path), again.get(path)])
    assert.deepEqual(after.bytes, before.bytes)
    assert.equal((await owner.get<{ total: number }>('/api/v1/trash')).data.total, 1)
    const next = await owner.upload(await plainPng(43, 30))
    assert.isAbove(next.data.id, gone.id)
  })

  test('the objects of images that read models do not show yet are in it', async ({
    assert,
    cleanup,
  }) => {
    const { handlers, objectStores, pool } = server.services
    await server.pauseReadModels()
    cleanup(() => server.resumeReadModels())
    const late = (await admin.upload(await plainPng(44, 30), 'late.png')).data
    const store = objectStores.get(await strategyOf(pool, late.strategy_id))
    const thumbnail = thumbnailKey(late.md5)
    await store.put(thumbnail, await plainPng(22, 15))
    await handlers.image.recordThumbnail(
      {
        imageId: late.id,
        objectKey: thumbnail,
        mimetype: 'image/webp',
        sizeBytes: 100,
        width: 22,
        height: 15,
        thumbhash: 'HwgKNZqAh4eAiIiIiHiIiHBwB/d3',
      },
      SYSTEM
    )
    const { rows } = await pool.query('select from read.images where image_id = $1', [late.id])
    assert.isEmpty(rows, 'the read model is behind')
    const backup = join(folder, 'late')
    const made = await ace(source, 'maintenance:backup', backup, '--objects')
    assert.equal(made.code, 0, made.output)
    server.resumeReadModels()

    const target = await elsewhere(cleanup)
    const restored = await ace(target, 'maintenance:restore', backup, '--apply')
    assert.equal(restored.code, 0, restored.output)
    const well = await ace(target, 'maintenance:doctor', '--json')
    assert.equal(well.code, 0, well.output)
  })

  test('what is in use is replaced on demand only', async ({ assert }) => {
    const backup = join(folder, 'own')
    await ace(source, 'maintenance:backup', backup)
    await admin.post('/api/v1/albums', { json: { name: 'after the backup' } })

    const refused = await ace(source, 'maintenance:restore', backup, '--apply')

    assert.equal(refused.code, 1)
    assert.include(refused.output, 'in use')
    const { data } = await admin.get<{ total: number }>('/api/v1/albums')
    assert.equal(data.total, 1)
    const twice = await ace(source, 'maintenance:backup', backup)
    assert.equal(twice.code, 1)
  })

  test('a backup that was touched, or of another key, is refused', async ({ assert, cleanup }) => {
    const backup = join(folder, 'touched')
    await ace(source, 'maintenance:backup', backup)
    const target = await elsewhere(cleanup)
    const foreign = { ...target, appKey: 'another key for tests, 32 characters' }

    const wrongKey = await ace(foreign, 'maintenance:restore', backup, '--apply')
    assert.equal(wrongKey.code, 1)
    assert.include(wrongKey.output, 'APP_KEY')
    await appendFile(join(backup, 'log.events.ndjson.gz'), 'x')
    const inspected = await ace(source, 'maintenance:inspect', backup)
    const touched = await ace(target, 'maintenance:restore', backup, '--apply')

    assert.deepEqual([inspected.code, touched.code], [1, 1])
    assert.include(touched.output, 'log.events.ndjson.gz is not what was written')
  })

  test('the doctor names what is wrong', async ({ assert }) => {
    const image = (await admin.upload(await plainPng(44, 30))).data
    const { rows } = await server.services.pool.query<{ object_key: string }>(
      'select object_key from read.images where image_id = $1',
      [image.id]
    )
    const key = rows[0]?.object_key ?? ''
    const { pool, objectStores } = server.services
    const strategy = await strategyOf(pool, image.strategy_id)
    await objectStores.get(strategy).delete(key)
    await pool.query('update read.images set width = width + 1 where image_id = $1', [image.id])

    const { code, output } = await ace(source, 'maintenance:doctor', '--json')

    assert.equal(code, 1)
    assert.include(output, `${key} is not there`)
    assert.include(output, 'images: 2 rows are not what the log says')
  })
})
