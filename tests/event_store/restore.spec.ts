import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from '@japa/runner'
import pg from 'pg'
import { EmbeddedPostgres } from '#supervisor/postgres'
import { readSoundLog } from '#tests/contract/event_store_contract'
import { createTestDatabase, migrate } from '#tests/helpers/database'
import { openTestStore } from '#tests/helpers/event_store'
import { METADATA, renamed, uploaded } from '#tests/helpers/events'
import { waitFor } from '#tests/helpers/wait_for'

const TABLES = [
  'log.head',
  'log.events',
  'log.commands',
  'log.claims',
  'log.budgets',
  'secrets.personal_keys',
]

test.group('PostgreSQL event store | dump and restore', () => {
  test('a log restored into a new cluster is sound, read on and written on', async ({
    assert,
    cleanup,
  }) => {
    const folder = mkdtempSync(join(tmpdir(), 'picfast-restore-'))
    const cluster = new EmbeddedPostgres({ folder: join(folder, 'cluster'), durable: false })
    const source = await createTestDatabase()
    const from = new pg.Client({ connectionString: source.url })
    cleanup(async () => {
      await from.end()
      await cluster.stop()
      await source.drop()
      rmSync(folder, { recursive: true, force: true })
    })
    await from.connect()
    // The servers write and read the files themselves, as the user they run as.
    chmodSync(folder, 0o777)

    const before = openTestStore(source.url)
    for (let id = 1; id <= 20; id++) {
      await before.append({
        stream: `image-${id}`,
        expectedVersion: 'none',
        events: [uploaded(id)],
        metadata: METADATA,
        command: { id: `command-${id}`, fingerprint: 'f' },
        claims: [{ action: 'take', scope: 'image_key', value: `key-${id}` }],
      })
    }
    const head = await before.head()
    await before.close()
    for (const table of TABLES) {
      await from.query(`copy (select * from ${table}) to '${join(folder, table)}' (format binary)`)
    }

    await cluster.start()
    await migrate(cluster.url())
    const to = new pg.Client({ connectionString: cluster.url() })
    await to.connect()
    await to.query('delete from log.head')
    for (const table of TABLES) {
      await to.query(`copy ${table} from '${join(folder, table)}' (format binary)`)
    }
    await to.end()

    const after = openTestStore(cluster.url())
    cleanup(() => after.close())
    assert.deepEqual(await after.head(), head)
    const seen: number[] = []
    const subscription = after.subscribe({ after: 15 }, ({ events }) => {
      seen.push(...events.map(({ position }) => position))
    })
    const repeated = await after.append({
      stream: 'image-1',
      expectedVersion: 'none',
      events: [uploaded(1)],
      metadata: METADATA,
      command: { id: 'command-1', fingerprint: 'f' },
    })
    assert.isTrue(repeated.repeated)
    await assert.rejects(() =>
      after.append({
        stream: 'image-99',
        expectedVersion: 'none',
        events: [uploaded(99)],
        metadata: METADATA,
        claims: [{ action: 'take', scope: 'image_key', value: 'key-3' }],
      })
    )
    await after.append({
      stream: 'album-1',
      expectedVersion: 'none',
      events: [renamed(1, 'later')],
      metadata: METADATA,
    })
    await waitFor(() => seen.length === 6, { what: 'the last five and the new one' })
    await subscription.close()
    const events = await readSoundLog(assert, after)
    assert.lengthOf(events, 21)
    assert.equal(events[0]?.metadata.ip, METADATA.ip)
  }).timeout(60_000)
})
