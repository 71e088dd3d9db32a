import { test } from '@japa/runner'
import type pg from 'pg'
import { EventCodec } from '#event_store/event_codec'
import { drawEventId } from '#event_store/event_id'
import type { PostgresEventStore } from '#event_store/postgres_event_store'
import { verifyLog } from '#proofs/verify_log'
import { readSoundLog } from '#tests/contract/event_store_contract'
import { createTestDatabase, migrate, type TestDatabase } from '#tests/helpers/database'
import { openTestStore, partitionLog, TEST_SITE_KEY } from '#tests/helpers/event_store'
import { METADATA, renamed } from '#tests/helpers/events'
import { waitFor } from '#tests/helpers/wait_for'
import { openPool } from '#tests/helpers/pool'

/** Makes of a log in one partition what it was before there were any. */
const PUT_TOGETHER = `
  drop function log.archived;
  drop table log.archives;
  drop view log.places;
  alter table log.events detach partition log.events_1;
  drop table log.events, log.partitions, log.event_index;
  alter table log.head drop column partition_size, drop column partitioned, drop column indexed;
  drop function log.add_partition, log.add_room, log.make_room, log.lay_out, log.index_events;
  alter table log.events_1 rename to events;
  alter table log.events rename constraint events_1_pkey to events_pkey;
  alter table log.events rename constraint events_1_stream_version to events_stream_version;
  alter table log.events rename constraint events_1_id to events_id;
  alter index log.events_1_type rename to events_type;
  create trigger append_only before update or delete on log.events
    for each row execute function log.refuse_change();
  delete from adonis_schema where name ~ '/00(6[0-9]|72)_'`

test.group('The log in partitions', (group) => {
  let database: TestDatabase
  let store: PostgresEventStore
  let admin: pg.Pool

  group.each.setup(async () => {
    database = await createTestDatabase()
    store = openTestStore(database.url, { layoutKept: 0 })
    admin = openPool(database.url, 3)
    return async () => {
      await store.close()
      await admin.end()
      await database.drop()
    }
  })

  const append = (stream: string, ids: Array<string | undefined> = [undefined]) =>
    store.append({
      stream,
      expectedVersion: 'any',
      events: ids.map((id) => (id === undefined ? renamed(1, 'a') : { ...renamed(1, 'a'), id })),
      metadata: METADATA,
    })
  const indexAll = async () => {
    for (let more = true; more;) {
      const { rows } = await admin.query<{ more: boolean }>('select log.index_events(2) as more')
      more = rows[0]?.more ?? false
    }
  }
  const partitions = async () => {
    const { rows } = await admin.query<{ name: string }>(
      `select inhrelid::regclass::text as name from pg_inherits
       where inhparent = 'log.events'::regclass order by 1`
    )
    return rows.map(({ name }) => name)
  }
  const refusal = (work: Promise<unknown>) =>
    work.then(
      () => null,
      (error: unknown) => error
    )

  test('what is in an older partition is refused again, indexed or not', async ({ assert }) => {
    await partitionLog(database.url, 4)
    const id = drawEventId()
    await append('album-1', [id])
    for (let index = 2; index <= 15; index++) {
      await append(`album-${index}`)
    }
    for (const isIndexed of [false, true]) {
      if (isIndexed) {
        await indexAll()
        const { rows } = await admin.query('select indexed from log.head')
        assert.deepEqual(rows, [{ indexed: '12' }])
      }
      assert.containSubset(await refusal(append('album-99', [undefined, id])), {
        code: 'E_DUPLICATE_EVENT_ID',
        eventId: id,
      })
      for (const expectedVersion of ['none', 0, 3] as const) {
        const second = store.append({
          stream: 'album-1',
          expectedVersion,
          events: [renamed(1, 'b')],
          metadata: METADATA,
        })
        assert.containSubset(await refusal(second), { code: 'E_VERSION_CONFLICT', actual: 1 })
      }
    }
    assert.equal((await append('album-1')).version, 2)
    assert.lengthOf(await readSoundLog(assert, store), 16)
  })

  test('two events of one version or id are not indexed as if nothing were wrong', async ({
    assert,
  }) => {
    await partitionLog(database.url, 2)
    for (let index = 1; index <= 6; index++) {
      await append(`album-${index}`)
    }
    await admin.query(`insert into log.events_7
      select 7, stream, version, gen_random_uuid(), type, schema_version, data, metadata, recorded_at, hash
      from log.events where position = 1`)
    await admin.query('update log.head set position = 8')
    await assert.rejects(() => indexAll(), /event_index_stream_version/)
  })

  test('no partition can be changed, emptied or shortened', async ({ assert }) => {
    await partitionLog(database.url, 2)
    for (let index = 1; index <= 5; index++) {
      await append('album-1')
    }
    const names = await partitions()
    assert.includeMembers(names, ['log.events_1', 'log.events_3', 'log.events_5'])
    for (const name of ['log.events', 'log.events_1', 'log.events_3', 'log.events_5']) {
      for (const statement of [
        `update ${name} set data = '{}'`,
        `delete from ${name}`,
        `truncate ${name}`,
      ]) {
        await assert.rejects(() => admin.query(statement), /append-only/)
      }
    }
    assert.lengthOf(await readSoundLog(assert, store), 5)
  })

  test('an append larger than what there is room for makes the room', async ({ assert }) => {
    await partitionLog(database.url, 3)
    await append(
      'album-1',
      Array.from({ length: 50 }, () => undefined)
    )
    assert.isAtLeast((await partitions()).length, 17)
    assert.lengthOf(await readSoundLog(assert, store), 50)
  })

  /**
   * What a transaction wrote can be seen a moment before the partition is known that it attached. Each partition's row in
   * the catalogue tells which transaction made it.
   */
  for (const size of [1, 2, 3]) {
    test(`no event lies in a partition of ${size} that its own transaction made`, async ({
      assert,
    }) => {
      await partitionLog(database.url, size)
      for (let count = 1; count <= 7; count++) {
        await append(
          `album-${count}`,
          Array.from({ length: count }, () => undefined)
        )
      }
      const { rows } = await admin.query(
        `select e.position from log.events e join pg_class c on c.oid = e.tableoid
         where e.xmin = c.xmin`
      )
      assert.deepEqual(rows, [])
      assert.lengthOf(await readSoundLog(assert, store), 28)
    })
  }

  test('an append whose session has not heard of a new partition is written once', async ({
    assert,
  }) => {
    await partitionLog(database.url, 10)
    await append('album-1')
    // What PostgreSQL answers then, once.
    await admin.query(`
      create sequence log.tries;
      create function log.not_yet() returns trigger language plpgsql as $$
      begin
        if nextval('log.tries') = 1 then
          raise exception 'no partition of relation "events" found for row'
            using errcode = 'check_violation', schema = 'log', table = 'events';
        end if;
        return null;
      end $$;
      create trigger not_yet after insert on log.events
        for each statement execute function log.not_yet()`)
    await append('album-1')
    const { rows } = await admin.query('select last_value::integer as tries from log.tries')
    assert.deepEqual(rows, [{ tries: 2 }])
    assert.lengthOf(await readSoundLog(assert, store), 2)
  })

  test('an append that never finds room is refused for now, not as wrong', async ({ assert }) => {
    await partitionLog(database.url, 10)
    await admin.query(`
      create function log.never() returns trigger language plpgsql as $$
      begin
        raise exception 'no partition of relation "events" found for row'
          using errcode = 'check_violation', schema = 'log', table = 'events';
      end $$;
      create trigger never after insert on log.events
        for each statement execute function log.never()`)
    const [one, other] = await Promise.allSettled([append('album-1'), append('album-2')])
    assert.equal(one.status === 'rejected' && one.reason.code, 'E_EVENT_STORE_UNAVAILABLE')
    assert.equal(other.status === 'rejected' && other.reason.code, 'E_EVENT_STORE_UNAVAILABLE')
    await admin.query('drop trigger never on log.events')
    assert.lengthOf(await readSoundLog(assert, store), 0)
  }).timeout(30_000)

  test('the next partition is there before it is needed, and a lock on the table keeps no append waiting', async ({
    assert,
  }) => {
    await partitionLog(database.url, 10)
    for (let index = 1; index <= 10; index++) {
      await append('album-1')
    }
    assert.sameMembers(await partitions(), ['log.events_1', 'log.events_11'])
    const holder = await admin.connect()
    await holder.query('begin')
    await holder.query('lock table log.events in share update exclusive mode')
    try {
      for (let index = 11; index <= 20; index++) {
        await append('album-1')
      }
      assert.lengthOf(await partitions(), 2)
    } finally {
      await holder.query('rollback')
      holder.release()
    }
    await append('album-1')
    assert.lengthOf(await partitions(), 3)
    assert.lengthOf(await readSoundLog(assert, store), 21)
  })

  test('events of a rare type are found by its index, however often they are asked for', async ({
    assert,
  }) => {
    await append(
      'album-1',
      Array.from({ length: 5_000 }, () => undefined)
    )
    await admin.query('analyze log.events_1')
    const scans = async () => {
      const { rows } = await admin.query<{ scans: string }>(
        `select idx_scan as scans from pg_stat_user_indexes where indexrelname = 'events_1_type'`
      )
      return Number(rows[0]?.scans)
    }
    const before = await scans()
    // What a connection has counted is told when it ends.
    const reader = openTestStore(database.url)
    for (let time = 0; time < 20; time++) {
      assert.deepEqual(await reader.readAll({ after: 0, limit: 9, types: ['image.uploaded'] }), [])
    }
    await reader.close()
    await waitFor(async () => (await scans()) >= before + 20, { what: 'the index' })
  })

  test('the table of an older site becomes the first partition as it is', async ({ assert }) => {
    await append('album-1')
    await append('album-2')
    await admin.query(PUT_TOGETHER)
    const fileOf = async (table: string) => {
      const { rows } = await admin.query('select pg_relation_filenode($1::regclass) as file', [
        table,
      ])
      return rows
    }
    const before = await fileOf('log.events')

    await migrate(database.url)

    assert.deepEqual(await fileOf('log.events_1'), before)
    await append('album-1')
    assert.lengthOf(await readSoundLog(assert, store), 3)
    assert.lengthOf(await store.readStream('album-1'), 2)
    const codec = new EventCodec(store.keyRing, TEST_SITE_KEY)
    const { faults } = await verifyLog({ connectionString: database.url, codec })
    assert.deepEqual(faults, [])
    for (const statement of [
      'delete from log.events_1',
      'truncate log.events_1',
      'truncate log.events',
    ]) {
      await assert.rejects(() => admin.query(statement), /append-only/)
    }
  }).timeout(60_000)
})
