import { execFile } from 'node:child_process'
import { appendFile, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { test } from '@japa/runner'
import { listArchives } from '#event_store/archive'
import { knownKeys } from '#maintenance/known_objects'
import { LogIndexes } from '#projections/log_indexes'
import type { ServicesConfig } from '#start/services'
import { ARCHIVE_FOLDER } from '#storage/strategy_archive_store'
import { plainPng } from '#tests/fixtures/images'
import { runCommand } from '#tests/helpers/ace'
import { ApiClient, type TokensJson, type UserJson } from '#tests/helpers/api'
import { createTestDatabase } from '#tests/helpers/database'
import { repartitionLog } from '#tests/helpers/event_store'
import { startOneMoreWebServer, startWorker } from '#tests/helpers/site_process'
import { waitFor } from '#tests/helpers/wait_for'
import { ADMIN, startWebServer, type TestWebServer } from '#tests/helpers/web_server'

const VERIFIER = fileURLToPath(new URL('../../docs/verify_proof.mjs', import.meta.url))

interface Ranges {
  first: number
  last: number
  archive: string | null
}

interface EventsJson {
  items: Array<{ position: number; type: string }>
}

function ace({ appKey, databaseUrl, redisUrl, dataDir }: ServicesConfig, ...args: string[]) {
  return runCommand(databaseUrl, args, undefined, {
    APP_KEY: appKey,
    REDIS_URL: redisUrl,
    DATA_DIR: dataDir,
  })
}

test.group('A site with archives of its log', (group) => {
  group.each.timeout(300_000)
  let server: TestWebServer
  let admin: ApiClient
  let userId: number
  let folder: string
  let site: ServicesConfig
  let imageKey: string

  group.setup(async () => {
    folder = await mkdtemp(join(tmpdir(), 'picfast-log-archive-'))
    server = await startWebServer()
    admin = await server.setUp()
    site = server.services.config
    userId = (await admin.get<UserJson>('/api/v1/users/me')).data.id
    const image = (await admin.upload(await plainPng(40, 30))).data
    imageKey = image.key
    await admin.patch(`/api/v1/images/${image.key}`, { json: { permission: 0 } })
    for (let index = 0; index < 16; index++) {
      await admin.post('/api/v1/albums', { json: { name: `album ${index}` } })
    }
    await repartitionLog(site.databaseUrl, 5)
    return async () => {
      await server.stop()
      await rm(folder, { recursive: true, force: true })
    }
  })

  const run = async (...args: string[]) => {
    const ran = await ace(site, ...args)
    return { code: ran.code, output: ran.stdout + ran.stderr }
  }
  const ranges = async () =>
    JSON.parse((await ace(site, 'log:partitions', '--json')).stdout) as Ranges[]
  const search = async (client: ApiClient, query: string) =>
    (await client.get<EventsJson>(`/api/v1/admin/events?size=100&${query}`)).data.items
  const files = async () => (await readdir(join(folder, 'archive'))).toSorted()

  test('puts away what everything has read, and goes on as before', async ({ assert }) => {
    const to = `--to=${join(folder, 'archive')}`
    const early = await run('log:archive', to, '--keep=0')
    assert.equal(early.code, 0, early.output)
    assert.include(early.output, 'There is nothing to put away')
    assert.include(early.output, 'has come to event 0 only')

    const worker = startWorker(site)
    const { pool, eventStore } = server.services
    await waitFor(
      async () => {
        const { rows } = await pool.query<{ same: boolean }>(
          `select min(position) >= (select position - 5 from log.head) as same
           from (select position from run.relay_checkpoint union all select position from run.checkpoints) as c`
        )
        return rows[0]?.same === true
      },
      { what: 'the relay and the read models', timeoutMs: 30_000 }
    )
    await worker.stop()
    const indexes = new LogIndexes({ connectionString: site.databaseUrl, warn: () => {} })
    while (await indexes.take()) {
      // Until all is taken in.
    }
    await indexes.stop()
    const byUser = `actor_user_id=${userId}`
    const searches = ['type=image.uploaded', byUser, `${byUser}&type=album.created`, 'size=100']
    const all = async () => Promise.all(searches.map((query) => search(admin, query)))
    const before = await all()
    const history = async () =>
      (await admin.get(`/api/v1/images/${imageKey}/history`)).data as object
    const told = await history()

    const looked = await run('log:archive', to, '--keep=1')
    assert.include(looked.output, 'add --apply')
    assert.isTrue((await ranges()).every(({ archive }) => archive === null))
    const done = await run('log:archive', to, '--keep=1', '--apply')
    assert.equal(done.code, 0, done.output)
    const lying = await ranges()
    assert.isAtLeast(lying.filter(({ archive }) => archive !== null).length, 2)
    assert.deepEqual(
      (await files()).map((file) => join(folder, 'archive', file)),
      lying.flatMap(({ archive }) => archive ?? [])
    )
    assert.deepEqual(await all(), before)
    assert.deepEqual(await history(), told)
    assert.isAbove((await admin.upload(await plainPng(44, 30))).data.id, 0)

    const proof = join(folder, 'proof.json')
    const log = join(folder, 'log.ndjson')
    for (const command of [
      ['audit:verify'],
      ['audit:prove', '2', `--output=${proof}`],
      ['projections:verify'],
      ['projections:rebuild', 'albums', '--gate'],
      ['replay', 'images', '--as-of=12'],
      ['events:export', `--output=${log}`],
      ['events:show', '2'],
    ]) {
      const { code, output } = await run(...command)
      assert.equal(code, 0, output)
    }
    const { stdout } = await promisify(execFile)(process.execPath, [VERIFIER, proof])
    assert.match(stdout, /2/)
    const { position } = await eventStore.head()
    assert.lengthOf((await readFile(log, 'utf8')).trimEnd().split('\n'), position)

    const [file = ''] = await files()
    const place = join(folder, 'archive', file)
    await rename(place, `${place}.away`)
    const lost = await run('projections:rebuild', 'albums')
    await rename(`${place}.away`, place)
    assert.equal(lost.code, 1)
    assert.include(lost.output, file)
    assert.notMatch(lost.output, /^ +at /m)
  })

  test('a backup says where archives lie or takes them along, and comes back with them', async ({
    assert,
    cleanup,
  }) => {
    const bare = join(folder, 'bare')
    const whole = join(folder, 'whole')
    const told = await run('maintenance:backup', bare)
    assert.equal(told.code, 0, told.output)
    assert.match(
      told.output,
      /Events 1 to 5 are not in the backup: keep .*events-0*1-0*5\.ndjson\.gz/
    )
    const taken = await run('maintenance:backup', whole, '--archives', '--objects')
    assert.equal(taken.code, 0, taken.output)
    const inspected = await run('maintenance:inspect', whole)
    assert.equal(inspected.code, 0, inspected.output)
    assert.include(inspected.output, 'events 1 to 5: an archive, taken along')

    const target = async () => {
      const database = await createTestDatabase()
      const dataDir = await mkdtemp(join(tmpdir(), 'picfast-restored-'))
      cleanup(async () => {
        await database.drop()
        await rm(dataDir, { recursive: true, force: true })
      })
      return { ...site, databaseUrl: database.url, dataDir }
    }
    const away = join(folder, 'away')
    await rename(join(folder, 'archive'), away)
    const other = await target()
    const refused = await ace(other, 'maintenance:restore', bare, '--apply')
    assert.equal(refused.code, 1)
    assert.include(refused.stderr + refused.stdout, 'which is not there')
    const named = await ace(other, 'maintenance:restore', bare, `--archives=${away}`, '--apply')
    assert.equal(named.code, 0, named.stderr + named.stdout)

    const restored = await target()
    const ran = await ace(restored, 'maintenance:restore', whole, '--apply')
    assert.equal(ran.code, 0, ran.stderr + ran.stdout)
    assert.isAtLeast((await readdir(join(restored.dataDir, 'log-archive'))).length, 2)
    const well = await ace(restored, 'maintenance:doctor')
    assert.equal(well.code, 0, well.stderr + well.stdout)
    const byUser = `actor_user_id=${userId}`
    const before = await search(admin, byUser)
    const again = await startOneMoreWebServer(restored)
    cleanup(() => again.stop())
    const client = new ApiClient(again.url, server.checker)
    const { data } = await client.post<TokensJson>('/api/v1/auth/login', { json: ADMIN })
    const found = await search(client.as(data.access_token), byUser)
    assert.includeDeepMembers(
      found.map(({ position }) => position),
      before.map(({ position }) => position)
    )
    await rename(away, join(folder, 'archive'))
  })

  test('an archive that was touched is named by whoever needs it', async ({ assert, cleanup }) => {
    const [first = ''] = await files()
    const path = join(folder, 'archive', first)
    const bytes = await readFile(path)
    await appendFile(path, 'x')
    const touched = await run('maintenance:doctor', '--json')
    assert.equal(touched.code, 1)
    assert.include(touched.output, `${path}: it has ${bytes.length + 1} bytes instead of`)
    await writeFile(path, bytes)
    await rename(join(folder, 'archive'), join(folder, 'gone'))
    for (const command of [
      ['audit:verify'],
      ['events:show', '1'],
      ['projections:verify', 'albums'],
    ]) {
      const { code, output } = await run(...command)
      assert.equal(code, 1, output)
      assert.include(output, path)
      assert.notInclude(output, '    at ')
    }
    // One that has read nothing yet.
    const fresh = await startOneMoreWebServer(site)
    cleanup(() => fresh.stop())
    const anonymous = new ApiClient(fresh.url, server.checker)
    const { data } = await anonymous.post<TokensJson>('/api/v1/auth/login', { json: ADMIN })
    const client = anonymous.as(data.access_token)
    assert.equal((await client.get(`/api/v1/images/${imageKey}/history`)).status, 503)
    assert.equal((await client.get('/api/v1/images')).status, 200)
    const partial = join(folder, 'partial')
    const backup = await run('maintenance:backup', partial, '--archives')
    assert.equal(backup.code, 1)
    assert.include(backup.output, `${path} could not be read`)
    await rename(join(folder, 'gone'), join(folder, 'archive'))
    await server.services.pool.query(`update log.event_index set version = 77 where position = 7`)
    const indexed = await run('maintenance:doctor', '--json')
    assert.equal(indexed.code, 1)
    assert.include(indexed.output, 'Event 7 is not in the index of the log as it is')
    await server.services.pool.query(
      `update log.event_index set version = 1 where position = 7 and version = 77`
    )
  })

  test('archives come back into the database', async ({ assert }) => {
    assert.include((await run('log:restore')).output, 'add --apply')
    const { code, output } = await run('log:restore', '--apply')
    assert.equal(code, 0, output)
    assert.isTrue((await ranges()).every(({ archive }) => archive === null))
    const verified = await run('audit:verify')
    assert.equal(verified.code, 0, verified.output)
  })

  test('a storage strategy takes archives, and they are not taken for orphans', async ({
    assert,
  }) => {
    const { pool } = server.services
    const { code, output } = await run('log:archive', '--to=strategy:1', '--keep=1', '--apply')
    assert.equal(code, 0, output)
    const archives = await listArchives(pool)
    assert.isAtLeast(archives.length, 2)
    const keys = archives.map(({ name }) => `${ARCHIVE_FOLDER}/${name}`)
    assert.deepEqual([...(await knownKeys(pool, keys))].toSorted(), keys)
    for (const command of ['audit:verify', 'maintenance:doctor', 'projections:verify']) {
      const ran = await run(command)
      assert.equal(ran.code, 0, ran.output)
    }
    assert.equal((await admin.get(`/api/v1/images/${imageKey}/history`)).status, 200)
    const backup = await run('maintenance:backup', join(folder, 'of-strategy'))
    assert.match(backup.output, /keep events-0*1-0*5\.ndjson\.gz in strategy 1/)
    const target = { ...site, dataDir: folder }
    const refused = await ace(target, 'maintenance:restore', join(folder, 'of-strategy'))
    assert.include(refused.stderr + refused.stdout, 'say --archives=FOLDER')
    const back = await run('log:restore', '--apply')
    assert.equal(back.code, 0, back.output)
    assert.equal((await knownKeys(pool, keys)).size, 0)
  })
})
