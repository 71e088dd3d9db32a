import { randomBytes, randomUUID } from 'node:crypto'
import { mkdir, utimes, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { test } from '@japa/runner'
import { knownKeys } from '#maintenance/known_objects'
import { sweepOrphans } from '#maintenance/orphan_sweep'
import { findOrphans, ORPHAN_AGE_MILLISECONDS } from '#maintenance/orphans'
import { ObjectReservations } from '#storage/object_reservations'
import type { ObjectStore } from '#storage/object_store'
import { thumbnailKey } from '#storage/object_key'
import { plainPng } from '#tests/fixtures/images'
import { runCommand } from '#tests/helpers/ace'
import type { ApiClient, ImageJson } from '#tests/helpers/api'
import { waitFor } from '#tests/helpers/wait_for'
import { startWebServer, type TestWebServer } from '#tests/helpers/web_server'

const THREE_DAYS_AGO = new Date(Date.now() - 3 * 24 * 60 * 60 * 1_000)

test.group('Maintenance | orphans', (group) => {
  group.each.timeout(120_000)
  let server: TestWebServer
  let user: ApiClient
  let store: ObjectStore

  group.setup(async () => {
    server = await startWebServer()
    await server.setUp()
    user = await server.addUser('user@example.org')
    const configs = { root: 'objects' }
    store = server.services.objectStores.get({ id: 1, type: 'local', configs, updatedAt: '' })
    return () => server.stop()
  })

  /** Uploads give the names of their objects up just after they are answered. */
  const untilNothingIsStored = () =>
    waitFor(
      async () => {
        const { rowCount } = await server.services.pool.query('select from run.object_reservations')
        return rowCount === 0
      },
      { what: 'the names to be given up' }
    )

  /** Has an object be as old as one that no upload is at work on any more. */
  const age = async (key: string) => {
    await utimes(String(store.localPath(key)), THREE_DAYS_AGO, THREE_DAYS_AGO)
    return key
  }

  const leave = async (key: string) => {
    await store.put(key, randomBytes(100))
    return age(key)
  }

  const objectOf = async ({ id }: ImageJson) => {
    const { rows } = await server.services.pool.query<{ object_key: string }>(
      'select object_key from read.images where image_id = $1',
      [id]
    )
    return String(rows[0]?.object_key)
  }

  const find = (from: Pick<ObjectStore, 'list' | 'stat'> = store) =>
    findOrphans({
      pool: server.services.pool,
      strategyId: 1,
      store: from,
      olderThanMs: ORPHAN_AGE_MILLISECONDS,
      progress: () => {},
    })
  const keysFound = async (from?: Pick<ObjectStore, 'list' | 'stat'>) =>
    (await find(from)).objects.map(({ key }) => key)

  const sweep = async (options: { strangers: boolean }) =>
    sweepOrphans({
      pool: server.services.pool,
      eventStore: server.services.eventStore,
      store,
      orphans: await find(),
      olderThanMs: ORPHAN_AGE_MILLISECONDS,
      ...options,
    })

  const run = async (...args: string[]) => {
    const { databaseUrl, redisUrl, appKey, dataDir } = server.services.config
    const environment = { REDIS_URL: redisUrl, APP_KEY: appKey, DATA_DIR: dataDir }
    const { code, stdout, stderr } = await runCommand(databaseUrl, args, undefined, environment)
    return { code, output: stdout + stderr }
  }

  /** Removes what a test has left. */
  group.each.teardown(async () => {
    for await (const { key } of store.list()) {
      if ((await knownKeys(server.services.pool, [key])).size === 0) {
        await store.delete(key)
      }
    }
  })

  test('what images, the trash, thumbnails, exports and uploads under way have is none', async ({
    assert,
  }) => {
    const { pool } = server.services
    const shown = (await user.upload(await plainPng(30, 30))).data
    const gone = (await user.upload(await plainPng(31, 30))).data
    await age(await objectOf(shown))
    await age(await objectOf(gone))
    await user.delete(`/api/v1/images/${gone.key}`)
    await leave(thumbnailKey(shown.md5))
    // Another strategy of the site may lie in a folder above or below.
    await leave(`below/${thumbnailKey(gone.md5)}`)
    await leave(`below/${await objectOf(shown)}`)
    await leave('under/way.png')
    const reservations = new ObjectReservations(pool)
    const name = { strategyId: 1, objectKey: 'under/way.png' }
    await reservations.reserve({ ...name, storedBytes: '' })
    await store.put('just/now.png', randomBytes(10))

    assert.deepEqual(await keysFound(), [])
    assert.isAbove((await find()).looked, 6)
    await reservations.release(name)
    assert.deepEqual(await keysFound(), ['under/way.png'])
  })

  test('what belongs to nothing is found', async ({ assert }) => {
    const lost = [thumbnailKey('0'.repeat(32)), `exports/${randomUUID()}.zip`, 'some/body.png']
    for (const key of lost) {
      await leave(key)
    }
    const { objects, more } = await find()
    assert.sameMembers(
      objects.map(({ key }) => key),
      lost
    )
    assert.deepEqual([objects[0]?.size, more], [100, 0])
  })

  test('an object that is written anew or goes while the store is looked through is none', async ({
    assert,
  }) => {
    const [gone, again, lost] = [await leave('a.png'), await leave('b.png'), await leave('c.png')]
    const slow: Pick<ObjectStore, 'list' | 'stat'> = {
      async *list() {
        yield* await Array.fromAsync(store.list())
        await store.delete(gone)
        await store.put(again, randomBytes(5))
      },
      stat: (key) => store.stat(key),
    }
    assert.deepEqual(await keysFound(slow), [lost])
  })

  test('the sweep takes away what the site made, and strangers only when told', async ({
    assert,
  }) => {
    const image = (await user.upload(await plainPng(32, 30))).data
    const kept = await age(await objectOf(image))
    const removed = (await user.upload(await plainPng(33, 30))).data
    const claimed = await objectOf(removed)
    await age(claimed)
    // As after a removal that the log knows of and the storage has not seen.
    await server.services.pool.query(
      `update log.budgets set used = 4503599627370496 where scope = $1`,
      [`object_references:1:${claimed}`]
    )
    const thumbnail = await leave(thumbnailKey('1'.repeat(32)))
    const stranger = await leave('family/album.png')
    await untilNothingIsStored()

    const first = await sweep({ strangers: false })
    assert.sameMembers(
      first.removed.map(({ key }) => key),
      [claimed, thumbnail]
    )
    assert.deepEqual(
      first.strangers.map(({ key }) => key),
      [stranger]
    )
    assert.exists(await store.stat(stranger))
    const second = await sweep({ strangers: true })
    assert.deepEqual(
      second.removed.map(({ key }) => key),
      [stranger]
    )
    assert.isNull(await store.stat(stranger))
    assert.exists(await store.stat(kept))
    const { rowCount } = await server.services.pool.query('select from run.object_reservations')
    assert.equal(rowCount, 0)
  })

  test('the sweep spares what came to belong to something since', async ({ assert }) => {
    const { pool, eventStore } = server.services
    const key = await leave('late/comer.png')
    const orphans = await find()
    const reservations = new ObjectReservations(pool)
    await reservations.reserve({ strategyId: 1, objectKey: key, storedBytes: '' })
    const options = { pool, eventStore, store, orphans, strangers: true }
    const swept = await sweepOrphans({ ...options, olderThanMs: ORPHAN_AGE_MILLISECONDS })
    assert.deepEqual([swept.removed, swept.spared], [[], 1])
    assert.exists(await store.stat(key))
    await reservations.release({ strategyId: 1, objectKey: key })
  })

  test('the doctor and the command tell of orphans and of what nobody finishes', async ({
    assert,
  }) => {
    const key = await leave(thumbnailKey('2'.repeat(32)))
    const unfinished = await store.temporaryPath()
    await mkdir(dirname(unfinished), { recursive: true })
    await writeFile(unfinished, 'half')
    await utimes(unfinished, THREE_DAYS_AGO, THREE_DAYS_AGO)

    const doctor = await run('maintenance:doctor', '--json')
    assert.equal(doctor.code, 1, doctor.output)
    assert.include(doctor.output, `${key} belongs to nothing`)
    assert.include(doctor.output, '1 unfinished files are left over')
    const looked = await run('maintenance:sweep-orphans', '--json')
    assert.include(looked.output, '"orphans": 1')
    assert.include(looked.output, key)
    assert.exists(await store.stat(key))
    const applied = await run('maintenance:sweep-orphans', '--apply')
    assert.include(applied.output, '1 were taken away')
    assert.isNull(await store.stat(key))
  })
})
