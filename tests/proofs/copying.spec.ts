import { appendFile, readFile, truncate, writeFile } from 'node:fs/promises'
import { test } from '@japa/runner'
import pg from 'pg'
import { EventCodec } from '#event_store/event_codec'
import { installProjections } from '#projections/install'
import { projections } from '#projections/registry'
import { verifyLog } from '#proofs/verify_log'
import { runCommand } from '#tests/helpers/ace'
import { createTestDatabase } from '#tests/helpers/database'
import { openTestStore, TEST_SITE_KEY } from '#tests/helpers/event_store'
import { METADATA, renamed } from '#tests/helpers/events'
import { TemporaryFolder } from '#tests/helpers/temporary_folder'
import { TamperedLog } from './tampered_log.ts'

test.group('Proofs | export and import', (group) => {
  group.each.timeout(120_000)
  let log: TamperedLog
  let folder: TemporaryFolder
  let file: string

  group.setup(async () => {
    log = await TamperedLog.create()
    folder = new TemporaryFolder()
    file = folder.at('log.ndjson')
    return async () => {
      folder.remove()
      await log.close()
    }
  })

  test('an export that was broken off goes on where it was', async ({ assert }) => {
    const first = await runCommand(log.url, ['events:export', `--output=${file}`])
    assert.equal(first.code, 0, first.stderr)
    const whole = await readFile(file, 'utf8')
    assert.lengthOf(whole.trimEnd().split('\n'), 31)
    assert.notInclude(whole, 'example.org')
    await truncate(file, Math.floor(whole.length / 2))
    await runCommand(log.url, ['events:export', `--output=${file}`])
    assert.equal(await readFile(file, 'utf8'), whole)

    const printed = await runCommand(log.url, ['events:export'])
    assert.equal(printed.stdout, whole)
  })

  test('another log takes the events, with claims and budgets, and goes on', async ({
    assert,
    cleanup,
  }) => {
    await runCommand(log.url, ['events:export', `--output=${file}`])
    const target = await createTestDatabase()
    const client = new pg.Client({ connectionString: target.url })
    const store = openTestStore(target.url)
    await client.connect()
    cleanup(async () => {
      await client.end()
      await store.close()
      await target.drop()
    })

    const keyless = await runCommand(target.url, ['events:import', file])
    assert.equal(keyless.code, 1)
    assert.include(keyless.stdout + keyless.stderr, 'keys of people')
    const { rows: keys } = await log.client.query(
      'select subject, wrapped_key from secrets.personal_keys'
    )
    for (const { subject, wrapped_key: key } of keys) {
      await client.query(
        'insert into secrets.personal_keys (subject, wrapped_key) values ($1, $2)',
        [subject, key]
      )
    }
    const imported = await runCommand(target.url, ['events:import', file])
    assert.equal(imported.code, 0, imported.stdout + imported.stderr)
    assert.deepEqual(await store.head(), await log.store.head())
    const codec = new EventCodec(store.keyRing, TEST_SITE_KEY)
    const report = await verifyLog({ connectionString: target.url, codec })
    assert.deepInclude(report, { sound: true, guardsChecked: true })
    const { rows: ids } = await client.query<{ id: string }>(
      `select nextval('log.image_ids') as id`
    )
    assert.isAbove(Number(ids[0]?.id), 12)

    await log.store.append({
      stream: 'album-9',
      expectedVersion: 'any',
      events: [renamed(9, 'later')],
      metadata: METADATA,
    })
    await runCommand(log.url, ['events:export', `--output=${file}`])
    const more = await runCommand(target.url, ['events:import', file])
    assert.equal(more.code, 0, more.stdout + more.stderr)
    assert.include(more.stdout + more.stderr, '1 events were brought in, 31 were there already')

    const lines = (await readFile(file, 'utf8')).trimEnd().split('\n')
    const last = JSON.parse(lines.at(-1) ?? '')
    await appendFile(file, `${JSON.stringify({ ...last, position: 33, version: 2 })}\n`)
    const forged = await runCommand(target.url, ['events:import', file])
    assert.equal(forged.code, 1)
    assert.include(forged.stdout + forged.stderr, 'does not follow')
    assert.equal((await store.head()).position, 32)

    await store.append({
      stream: 'album-8',
      expectedVersion: 'any',
      events: [renamed(8, 'its own')],
      metadata: METADATA,
    })
    const other = await runCommand(target.url, ['events:import', file])
    assert.equal(other.code, 1)
    assert.include(other.stdout + other.stderr, 'another one')
    await writeFile(file, 'nonsense\n')
    const nonsense = await runCommand(target.url, ['events:import', file])
    assert.include(nonsense.stdout + nonsense.stderr, 'not what events:export writes')
  })

  test('events are shown in words and as data', async ({ assert }) => {
    await installProjections({ connectionString: log.url, eventStore: log.store, projections })
    const tail = await runCommand(log.url, ['events:tail', '--no-follow', '--lines=3'])
    assert.lengthOf(tail.stdout.trimEnd().split('\n'), 3, tail.stdout + tail.stderr)
    const shown = await runCommand(log.url, ['events:show', '9'])
    const event: { summary: string; changes: object; ip: string } = JSON.parse(shown.stdout)
    assert.equal(event.summary, 'Account 1 deleted the image')
    assert.equal(event.ip, METADATA.ip)
    assert.equal((await runCommand(log.url, ['events:show', '99'])).code, 1)
    const stream = await runCommand(log.url, ['events:stream', 'k000003', '--as-of=8'])
    assert.include(stream.stdout, 'image-3')
    assert.include(stream.stdout, '"gone": false')
    assert.equal((await runCommand(log.url, ['events:stream', 'image-99'])).code, 1)
  })
})
