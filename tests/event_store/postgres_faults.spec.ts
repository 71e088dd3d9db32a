import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { test } from '@japa/runner'
import pg from 'pg'
import { GENESIS_HASH, verifyChain } from '#event_store/stored_event'
import type { PostgresEventStore } from '#event_store/postgres_event_store'
import { readSoundLog } from '#tests/contract/event_store_contract'
import { createTestDatabase, type TestDatabase } from '#tests/helpers/database'
import { openTestStore } from '#tests/helpers/event_store'
import { METADATA, renamed } from '#tests/helpers/events'
import { waitFor } from '#tests/helpers/wait_for'
import { openPool } from '#tests/helpers/pool'

const WRITER = fileURLToPath(new URL('writer_process.ts', import.meta.url))

function namesOf(events: Awaited<ReturnType<typeof readSoundLog>>): string[] {
  return events.map((event) => (event.type === 'album.changed' ? (event.data.name ?? '') : ''))
}

function append(store: PostgresEventStore, name: string, stream = 'album-1') {
  return store.append({
    stream,
    expectedVersion: 'any',
    events: [renamed(1, name)],
    metadata: METADATA,
  })
}

test.group('PostgreSQL event store | faults', (group) => {
  let database: TestDatabase
  let store: PostgresEventStore
  let admin: pg.Pool

  group.each.setup(async () => {
    database = await createTestDatabase()
    store = openTestStore(database.url)
    admin = openPool(database.url, 4)
    return async () => {
      await store.close()
      await admin.end()
      await database.drop()
    }
  })

  test('clients killed in mid-call lose nothing that was answered and double nothing', async ({
    assert,
  }) => {
    const acknowledged: string[] = []
    for (let round = 0; round < 5; round++) {
      const writers = [0, 1].map((index) =>
        spawn(process.execPath, [WRITER, database.url, `${round}${index}`], {
          stdio: ['ignore', 'pipe', 'inherit'],
        })
      )
      const before = acknowledged.length
      const outputs = writers.map((writer) => {
        let output = ''
        writer.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
        return () => output.split('\n').slice(0, -1)
      })
      const wanted = 40 + round * 13
      await waitFor(() => outputs.every((lines) => lines().length > wanted), {
        what: 'appends by both writers',
        timeoutMs: 20_000,
        everyMs: 1,
      })
      const ended = writers.map((writer) => once(writer, 'close'))
      writers.forEach((writer) => writer.kill('SIGKILL'))
      await Promise.all(ended)
      acknowledged.push(...outputs.flatMap((lines) => lines()))
      assert.isAbove(acknowledged.length, before)
    }
    const recorded = namesOf(await readSoundLog(assert, store))
    const set = new Set(recorded)
    assert.equal(set.size, recorded.length)
    assert.deepEqual(
      acknowledged.filter((name) => !set.has(name)),
      []
    )
  }).timeout(60_000)

  test('connections cut under the appends are made anew, and each append is written once', async ({
    assert,
  }) => {
    const names = Array.from({ length: 400 }, (_, index) => `n${index}`)
    let answered = 0
    let cuts = 0
    const cut = async () => {
      for (let next = 5; next < names.length; next += 7) {
        await waitFor(() => answered >= next, { what: 'appends between two cuts', everyMs: 1 })
        const { rowCount } = await admin.query(
          `select pg_terminate_backend(pid) from pg_stat_activity
           where datname = current_database() and query like '%append_batch%'
             and pid <> pg_backend_pid()`
        )
        cuts += rowCount ?? 0
      }
    }
    const write = async (lane: number) => {
      for (let index = lane; index < names.length; index += 8) {
        await append(store, names[index] ?? '', `album-${index % 5}`)
        answered += 1
      }
    }
    await Promise.all([cut(), ...Array.from({ length: 8 }, (_, lane) => write(lane))])
    assert.isAbove(cuts, 10)
    assert.deepEqual(namesOf(await readSoundLog(assert, store)).sort(), names.sort())
  }).timeout(60_000)

  test('an open write transaction elsewhere holds up neither appends nor readers', async ({
    assert,
  }) => {
    const other = await createTestDatabase()
    const elsewhere = new pg.Client({ connectionString: other.url })
    const beside = new pg.Client({ connectionString: database.url })
    await Promise.all([elsewhere.connect(), beside.connect()])
    try {
      for (const client of [elsewhere, beside]) {
        await client.query('begin')
        await client.query(
          `insert into secrets.credentials (account_id, password_hash) values (1, 'x')`
        )
      }
      const seen: string[] = []
      const subscription = store.subscribe({ after: 0 }, ({ events }) => {
        seen.push(...namesOf(events))
      })
      await append(store, 'a')
      await append(store, 'b')
      await waitFor(() => seen.length === 2, { what: 'both events', timeoutMs: 3_000 })
      await subscription.close()
      assert.deepEqual(seen, ['a', 'b'])
    } finally {
      await Promise.all([elsewhere.end(), beside.end()])
      await other.drop()
    }
  })

  test('the log can only grow', async ({ assert }) => {
    await append(store, 'a')
    for (const statement of [
      `update log.events set data = '{}'`,
      'delete from log.events',
      'truncate log.events',
    ]) {
      await assert.rejects(() => admin.query(statement), /append-only/)
    }
  })

  test('a change made behind its back is found at its position', async ({ assert }) => {
    for (const name of ['a', 'b', 'c', 'd']) {
      await append(store, name)
    }
    const firstFault = async () => {
      const events = await store.readStored({ after: 0, limit: 100 })
      return verifyChain(events, { position: 0, hash: GENESIS_HASH }).fault
    }
    assert.isNull(await firstFault())
    await admin.query('alter table log.events disable trigger all')
    await admin.query(
      `update log.events set data = replace(data::text, 'c', 'x')::json where position = 3`
    )
    assert.deepEqual(await firstFault(), { position: 3, fault: 'hash' })
    await admin.query('delete from log.events where position = 2')
    assert.deepEqual(await firstFault(), { position: 2, fault: 'gap' })
  })

  test('without PostgreSQL an append is refused as unavailable, in bounded time', async ({
    assert,
  }) => {
    const away = openTestStore('postgres://nobody:x@127.0.0.1:1/none')
    try {
      await away.append({
        stream: 'album-1',
        expectedVersion: 'any',
        events: [renamed(1, 'a')],
        metadata: { ...METADATA, ip: null, user_agent: null },
      })
      assert.fail('it was answered')
    } catch (error) {
      assert.containSubset(error, { code: 'E_EVENT_STORE_UNAVAILABLE' })
    } finally {
      await away.close()
    }
  })
})
