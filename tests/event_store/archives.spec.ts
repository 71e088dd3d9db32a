import { appendFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { gunzipSync } from 'node:zlib'
import { test } from '@japa/runner'
import type pg from 'pg'
import { listArchives } from '#event_store/archive'
import { NO_STRATEGIES, type ArchiveStore } from '#event_store/archive_store'
import { EventCodec } from '#event_store/event_codec'
import { drawEventId } from '#event_store/event_id'
import type { PostgresEventStore } from '#event_store/postgres_event_store'
import { archiveLog } from '#maintenance/archive_log'
import { listPartitions, planArchive } from '#maintenance/archive_plan'
import { checkArchive } from '#maintenance/check_archive'
import { unarchiveLog } from '#maintenance/unarchive_log'
import { positionAt } from '#projections/as_of'
import { CHAIN_START } from '#proofs/chain_walk'
import { exportLog } from '#proofs/export_log'
import { withSnapshot } from '#proofs/snapshot'
import { verifyLog, type VerifyOptions } from '#proofs/verify_log'
import { ObjectStores } from '#storage/object_registry'
import { StrategyArchiveStore } from '#storage/strategy_archive_store'
import { readSoundLog } from '#tests/contract/event_store_contract'
import { archiveFull } from '#tests/helpers/archives'
import { createTestDatabase, type TestDatabase } from '#tests/helpers/database'
import { openTestStore, partitionLog, TEST_SITE_KEY } from '#tests/helpers/event_store'
import { METADATA, renamed, uploaded } from '#tests/helpers/events'
import { waitFor } from '#tests/helpers/wait_for'
import { S3_BUCKET, S3_CREDENTIALS, startS3Server } from '#tests/helpers/s3_server'
import { openPool } from '#tests/helpers/pool'

const SIZE = 5

test.group('Archives of the log', (group) => {
  group.each.timeout(60_000)
  let database: TestDatabase
  let store: PostgresEventStore
  let admin: pg.Pool
  let folder: string

  group.each.setup(async () => {
    database = await createTestDatabase()
    await partitionLog(database.url, SIZE)
    store = openTestStore(database.url)
    admin = openPool(database.url, 3)
    folder = await mkdtemp(join(tmpdir(), 'picfast-archives-'))
    return async () => {
      await store.close()
      await admin.end()
      await database.drop()
      await rm(folder, { recursive: true, force: true })
    }
  })

  const append = (stream: string, ids: Array<string | undefined> = [undefined]) =>
    store.append({
      stream,
      expectedVersion: 'any',
      events: ids.map((id) => (id === undefined ? renamed(1, 'a') : { ...renamed(1, 'a'), id })),
      metadata: METADATA,
    })
  const fill = async (count: number) => {
    for (let index = 1; index <= count; index++) {
      await append(`album-${(index % 4) + 1}`)
    }
  }
  const verify = (options: Partial<VerifyOptions> = {}) =>
    verifyLog({
      ...options,
      connectionString: database.url,
      codec: new EventCodec(store.keyRing, TEST_SITE_KEY),
    })
  /** These tests append without the claims and budgets that a handler adds. */
  const faults = async () =>
    (await verify()).faults.filter(({ kind }) => kind !== 'claim' && kind !== 'budget')
  const fileNames = async () => (await readdir(folder)).toSorted()
  const refusal = (work: Promise<unknown>) =>
    work.then(
      () => null,
      (error: unknown) => error
    )

  test('all that reads the log reads the same with and without archives', async ({ assert }) => {
    await fill(23)
    const readings = async () => {
      const output = new PassThrough()
      const exported = text(output)
      await exportLog({ connectionString: database.url, after: CHAIN_START, output })
      output.end()
      const { position, hash, sound } = await verify({ segmentEvents: 4 })
      const threaded = await verify({ segmentEvents: 4, threads: 2 })
      const moment = (await store.readAt([4]))[0]?.recordedAt ?? ''
      return [
        await store.readAll({ after: 0, limit: 100 }),
        await store.readAll({ after: 3, limit: 5 }),
        await store.readAll({ after: 0, limit: 100, types: ['album.changed'], upTo: 12 }),
        await store.readAll({ after: 0, limit: 100, categories: ['image'] }),
        await store.readStored({ after: 2, limit: 20 }),
        await store.readAt([1, 9, 10, 22, 99]),
        await store.readStream('album-2'),
        await store.readStream('album-2', { backwards: true, limit: 3 }),
        await store.readStream('album-2', { from: 2, to: 4 }),
        await store.readStream('album-2', { asOf: 9 }),
        await store.readStream('album-2', { asOf: moment }),
        await positionAt(admin, store, moment),
        await exported,
        { position, hash, sound },
        [threaded.hash, threaded.sound],
      ].map((reading) => JSON.stringify(reading))
    }
    const before = await readings()
    await archiveFull(database.url, folder, 2)
    assert.equal((await listArchives(admin)).length, 2)
    assert.deepEqual(await readings(), before)
    const { rows } = await admin.query('select min(position) as first from log.events')
    assert.deepEqual(rows, [{ first: '11' }])

    await archiveFull(database.url, folder)
    assert.equal((await listArchives(admin)).length, 4)
    assert.deepEqual(await readings(), before)

    await unarchiveLog({ connectionString: database.url, strategies: NO_STRATEGIES, from: 8 })
    assert.deepEqual(
      (await listArchives(admin)).map(({ last }) => last),
      [5]
    )
    assert.deepEqual(await readings(), before)
    await append('album-2')
    assert.lengthOf(await readSoundLog(assert, store), 24)
  })

  test('what was stopped between the partition and the archive is brought back when it runs again', async ({
    assert,
  }) => {
    await fill(12)
    await archiveFull(database.url, folder)
    const back = { connectionString: database.url, strategies: NO_STRATEGIES, from: 1 }
    const archives = await listArchives(admin)
    const stop = `
      create function log.stop() returns trigger language plpgsql as
        $$ begin raise exception 'the end' using errcode = 'query_canceled'; end $$;
      create trigger stop before delete on log.archives for each statement execute function log.stop()`
    await admin.query(stop)
    await assert.rejects(() => unarchiveLog(back), 'the end')
    assert.deepEqual(await listArchives(admin), archives)
    assert.lengthOf(await readSoundLog(assert, store), 12)

    await admin.query('drop trigger stop on log.archives')
    await unarchiveLog(back)
    assert.deepEqual(await listArchives(admin), [])
    assert.lengthOf(await readSoundLog(assert, store), 12)
  })

  test('what is in an archive is refused again, and streams go on', async ({ assert }) => {
    const id = drawEventId()
    await append('album-9', [id])
    const command = { id: 'command-1', fingerprint: 'f' }
    const commanded = {
      stream: 'image-1',
      expectedVersion: 'none' as const,
      events: [uploaded(1)],
      metadata: METADATA,
      command,
      claims: [{ action: 'take' as const, scope: 'image_key', value: 'k' }],
    }
    await store.append(commanded)
    await fill(12)
    await archiveFull(database.url, folder)

    assert.containSubset(await refusal(append('album-1', [undefined, id])), {
      code: 'E_DUPLICATE_EVENT_ID',
      eventId: id,
    })
    const again = { stream: 'album-9', events: [renamed(1, 'b')], metadata: METADATA }
    assert.containSubset(await refusal(store.append({ ...again, expectedVersion: 'none' })), {
      code: 'E_VERSION_CONFLICT',
      actual: 1,
    })
    assert.isTrue((await store.append(commanded)).repeated)
    assert.containSubset(
      await refusal(store.append({ ...commanded, stream: 'image-2', command: undefined })),
      { code: 'E_CLAIM_TAKEN' }
    )
    assert.equal((await store.append({ ...again, expectedVersion: 1 })).version, 2)
    assert.lengthOf(await store.readStream('album-9'), 2)
    assert.deepEqual(await faults(), [])
  })

  test('a person who is forgotten is so in archives too', async ({ assert }) => {
    await store.append({
      stream: 'image-1',
      expectedVersion: 'none',
      events: [uploaded(1, { owner_id: 7, origin_name: 'holiday.jpg' })],
      metadata: METADATA,
    })
    await fill(9)
    await archiveFull(database.url, folder)
    const name = async () => {
      const [event] = await store.readStream('image-1')
      return event?.type === 'image.uploaded' && event.data.origin_name
    }
    assert.equal(await name(), 'holiday.jpg')
    await store.keyRing.erase('account:7')
    assert.isNull(await name())
    const [file = ''] = await fileNames()
    const lines = gunzipSync(await readFile(join(folder, file))).toString()
    assert.notInclude(lines, 'holiday')
    assert.lengthOf(lines.trimEnd().split('\n'), SIZE)
    assert.deepEqual(await faults(), [])
  })

  test('an archive that is gone or changed is named', async ({ assert }) => {
    await fill(12)
    await archiveFull(database.url, folder)
    const [first = '', second = ''] = await fileNames()
    const path = join(folder, first)
    const bytes = await readFile(path)
    const [archive] = await listArchives(admin)
    assert.isDefined(archive)
    const readsNothing = async (said: RegExp) => {
      const fresh = openTestStore(database.url)
      try {
        const works = [
          fresh.readAll({ after: 0, limit: 10 }),
          fresh.readStream('album-2'),
          fresh.readAt([1]),
          fresh.readStored({ after: 0, limit: 10 }),
          verify(),
          verify({ threads: 2, segmentEvents: 3 }),
        ]
        for (const error of await Promise.all(works.map(refusal))) {
          assert.containSubset(error, { code: 'E_ARCHIVE_UNREADABLE', file: path })
          assert.match(String(error), said)
        }
        assert.lengthOf(await fresh.readAll({ after: 5, limit: 100 }), 7)
      } finally {
        await fresh.close()
      }
    }
    const check = async () =>
      archive === undefined ? null : refusal(checkArchive(archive, NO_STRATEGIES))

    await writeFile(
      path,
      bytes.map((byte, at) => (at === 40 ? byte ^ 1 : byte))
    )
    await readsNothing(/not what was written/)
    assert.match(String(await check()), /not what was written/)
    await rm(path)
    await readsNothing(/cannot be read/)
    assert.match(String(await check()), /not there/)
    await writeFile(path, bytes)
    assert.isNull(await check())
    await appendFile(path, 'x')
    assert.match(String(await check()), /bytes instead of/)
    await rm(join(folder, second))
    assert.lengthOf(await store.readAll({ after: 10, limit: 100 }), 2)
  })

  test('a stream whose events are young opens no archive', async ({ assert }) => {
    await fill(10)
    await append('album-77')
    await archiveFull(database.url, folder)
    for (const file of await fileNames()) {
      await rm(join(folder, file))
    }
    assert.lengthOf(await store.readStream('album-77'), 1)
    assert.lengthOf(await store.readStream('album-78'), 0)
    assert.lengthOf(await store.readAll({ after: 0, limit: 9, types: ['image.uploaded'] }), 0)
  })

  test('only what everything has read is put away, from the oldest on', async ({ assert }) => {
    await fill(22)
    const reasons = async (through: number | null, keep: number | null) =>
      (await planArchive(admin, { through, keep })).map(({ reason }) => reason)
    const behind = 'the search by account and request has come to event 0 only'
    assert.deepEqual((await reasons(null, 0)).slice(0, 4), [behind, behind, behind, behind])
    await admin.query('update run.event_origins_end set position = 22')
    await admin.query('update run.relay_checkpoint set position = 17')
    await admin.query(
      `insert into run.checkpoints (projection, slot, version, position) values ('images', 'live', 1, 22)`
    )
    const relay = 'the work that events ask for has come to event 17 only'
    assert.deepEqual(await reasons(null, 0), [null, null, null, relay, 'it is not full yet'])
    assert.deepEqual((await reasons(9, null)).slice(0, 2), [null, 'it ends after 9'])
    assert.deepEqual((await reasons(null, 2)).slice(0, 3), [
      null,
      null,
      'it is one of those to keep',
    ])
    await assert.rejects(
      () =>
        archiveLog({
          connectionString: database.url,
          place: { folder },
          strategies: NO_STRATEGIES,
          partitions: [{ first: 6, last: 10 }],
        }),
      /before 6/
    )
    assert.deepEqual(await listArchives(admin), [])
  })

  test('what was broken off is done again, and a check that runs is waited for', async ({
    assert,
  }) => {
    await fill(12)
    await archiveFull(database.url, folder, 1)
    const [written = ''] = await fileNames()
    // As when it was stopped between the file and the database.
    await unarchiveLog({ connectionString: database.url, strategies: NO_STRATEGIES, from: 1 })
    await writeFile(join(folder, written), 'half of it')

    let archived: Promise<void> | null = null
    await withSnapshot(database.url, async ({ reader }) => {
      await waitFor(
        async () => {
          const { rows: old } = await admin.query(
            `select 1 from pg_stat_activity where datname = current_database()
             and xact_start < clock_timestamp() - interval '1.1 seconds'`
          )
          return old.length > 0
        },
        { what: 'a reader of long' }
      )
      archived = archiveFull(database.url, folder)
      await waitFor(async () => (await readFile(join(folder, written))).length > 20, {
        what: 'the file',
      })
      const { rows } = await reader.query('select count(*)::integer as count from log.events')
      assert.deepEqual(rows, [{ count: 12 }])
      for (let index = 0; index < 20; index++) {
        await append('album-1')
        const { rows: waiting } = await admin.query(
          `select 1 from pg_locks where relation = 'log.events'::regclass and not granted`
        )
        assert.deepEqual(waiting, [])
      }
      assert.deepEqual(await listArchives(admin), [])
    })
    await archived
    assert.lengthOf(await listArchives(admin), 2)
    assert.deepEqual(
      await fileNames(),
      (await listArchives(admin)).map(({ name }) => name)
    )
    assert.lengthOf(await readSoundLog(assert, store), 32)
  })

  test('a log that was tampered with is not put away', async ({ assert }) => {
    await fill(12)
    await admin.query('alter table log.events disable trigger user')
    await admin.query(`update log.events set type = 'image.approved' where position = 3`)
    await assert.rejects(() => archiveFull(database.url, folder), /broken at event 3/)
    assert.deepEqual(await listArchives(admin), [])
    assert.deepEqual(await fileNames(), [])
    assert.lengthOf(await listPartitions(admin), 3)
  })

  test('a bucket holds archives', async ({ assert, cleanup }) => {
    await fill(12)
    const server = await startS3Server()
    cleanup(() => server.stop())
    const { accessKey, secretKey } = S3_CREDENTIALS
    const configs = { endpoint: server.url, bucket: S3_BUCKET, access_key: accessKey }
    const objects = new ObjectStores({
      dataDir: folder,
      secrets: { read: () => Promise.resolve({ secret_key: secretKey }) },
    }).get({ id: 3, type: 's3', configs, updatedAt: '' })
    const strategies = async (id: number): Promise<ArchiveStore> =>
      new StrategyArchiveStore(id, objects)
    await archiveLog({
      connectionString: database.url,
      place: { strategyId: 3 },
      strategies,
      partitions: [{ first: 1, last: 5 }],
      blockEvents: 2,
    })
    const [archive] = await listArchives(admin)
    assert.deepEqual(archive?.place, { strategyId: 3 })
    const reader = openTestStore(database.url, { archives: strategies })
    try {
      assert.lengthOf(await readSoundLog(assert, reader), 12)
    } finally {
      await reader.close()
    }
    assert.match(String(await refusal(verify())), /strategy 3/)
    const codec = new EventCodec(store.keyRing, TEST_SITE_KEY)
    const report = await verifyLog({ connectionString: database.url, codec, archives: strategies })
    assert.deepEqual(report.faults, [])
  })
})
