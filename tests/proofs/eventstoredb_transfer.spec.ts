import { test } from '@japa/runner'
import { EventCodec } from '#event_store/event_codec'
import { EventStoreDbConnection } from '#event_store/eventstoredb_connection'
import { NAMESPACE } from '#event_store/log_place'
import { bringToEventStoreDb } from '#proofs/eventstoredb_transfer'
import { runCommand } from '#tests/helpers/ace'
import { createTestDatabase } from '#tests/helpers/database'
import { TEST_SITE_KEY } from '#tests/helpers/event_store'
import { METADATA, renamed } from '#tests/helpers/events'
import { EventStoreDbServer } from '#tests/helpers/eventstoredb/server'
import { attach, openEventStoreDb } from '#tests/helpers/eventstoredb/store'
import { TamperedLog } from './tampered_log.ts'

const rename = (stream: string) => ({
  stream,
  expectedVersion: 'any' as const,
  events: [renamed(1, 'later')],
  metadata: METADATA,
})

test.group('Proofs | to EventStoreDB and back', (group) => {
  group.each.timeout(120_000)
  let log: TamperedLog
  let server: EventStoreDbServer

  group.each.setup(async () => {
    log = await TamperedLog.create()
    server = await EventStoreDbServer.start()
    server.log.appendNoise()
    return async () => {
      await log.close()
      await server.stop()
    }
  })

  const copy = (...args: string[]) =>
    runCommand(log.url, ['events:copy', ...args], undefined, { EVENTSTORE_URL: server.url })
  const openCopied = (connectionString = log.url) =>
    openEventStoreDb({ connectionString, url: server.url, namespace: NAMESPACE })

  test('a log goes over after an interruption, is read on, compared, and comes back', async ({
    assert,
    cleanup,
  }) => {
    const before = await log.store.head()
    const connection = new EventStoreDbConnection({
      url: server.url,
      namespace: NAMESPACE,
      patienceMs: 50,
    })
    cleanup(() => connection.close())
    let appends = 0
    server.fault = (call) =>
      call === 'batch_append' && ++appends > 10 ? { kind: 'unavailable', written: true } : null
    await assert.rejects(
      () =>
        bringToEventStoreDb({
          connectionString: log.url,
          connection,
          codec: new EventCodec(log.store.keyRing, TEST_SITE_KEY),
          namespace: NAMESPACE,
          catchUp: async () => {},
        }),
      /EventStoreDB/
    )
    server.fault = () => null
    await log.store.append(rename('album-77'))

    const moved = await copy('--to=eventstoredb')
    assert.equal(moved.code, 0, moved.stderr + moved.stdout)
    const ours = server.log.all.filter(({ stream }) => stream.startsWith(`${NAMESPACE}.`))
    assert.lengthOf(ours, before.position + 1)
    await assert.rejects(() => log.store.append(rename('album-78')), /the log is in EventStoreDB/)

    const store = openCopied()
    cleanup(() => store.close())
    const next = await store.append(rename('album-77'))
    assert.containSubset(next, { version: 2, firstPosition: before.position + 2 })
    assert.deepInclude(await log.verify(), { sound: true, guardsChecked: true })

    const checked = await copy('--check')
    assert.equal(checked.code, 0, checked.stderr)
    const [changed] = ours
    if (changed !== undefined) {
      const data = changed.data
      changed.data = Buffer.from(data.toString().replace(/\d/, '9'))
      changed.id = crypto.randomUUID()
      const refused = await copy('--check')
      assert.equal(refused.code, 1)
      assert.include(refused.stderr + refused.stdout, 'at position 1')
      changed.data = data
      changed.id = (await log.store.readAt([1]))[0]?.id ?? ''
    }

    const returned = await copy('--to=postgres')
    assert.equal(returned.code, 0, returned.stderr)
    const last = await log.store.append(rename('album-77'))
    assert.containSubset(last, { version: 3, firstPosition: before.position + 3 })
    assert.deepInclude(await log.verify(), { sound: true })
    await assert.rejects(() => openOnce(), /the log is in PostgreSQL/)
  })

  /** What a site would do that is still set up for EventStoreDB. */
  const openOnce = async () => {
    const store = openCopied()
    try {
      await store.append(rename('album-77'))
    } finally {
      await store.close()
    }
  }

  test('positions, hashes, claims and budgets follow from EventStoreDB alone', async ({
    assert,
    cleanup,
  }) => {
    const moved = await copy('--to=eventstoredb')
    assert.equal(moved.code, 0, moved.stderr)
    const first = openCopied()
    await first.append({ ...rename('album-5'), command: { id: 'c', fingerprint: 'f' } })
    await first.close()

    const other = await createTestDatabase()
    await attach(other.url, NAMESPACE)
    const again = openCopied(other.url)
    cleanup(async () => {
      await again.close()
      await other.drop()
    })
    await again.catchUp()
    assert.deepEqual(await again.head(), await log.store.head())
    const command = await again.findCommand({ id: 'c', fingerprint: 'f' })
    assert.isTrue(command?.repeated)
  })

  test('a site that is set up for another place than its log is in says so and does nothing', async ({
    assert,
  }) => {
    const elsewhere = { EVENTSTORE_URL: server.url }
    const refusal = async (args: string[], environment?: Record<string, string>) => {
      const { code, stdout, stderr } = await runCommand(log.url, args, undefined, environment)
      assert.equal(code, 1, args.join(' '))
      return stdout + stderr
    }
    assert.include(await refusal(['prepare'], elsewhere), 'the log is in PostgreSQL')
    assert.include(await refusal(['events:import', '-'], elsewhere), 'without EVENTSTORE_URL')
    assert.include(await refusal(['events:copy', '--to=eventstoredb']), 'Set EVENTSTORE_URL')
    assert.equal((await copy('--to=eventstoredb')).code, 0)
    assert.include(await refusal(['prepare']), 'The log is in EventStoreDB')
    assert.include(await refusal(['maintenance:restore', '/nowhere']), 'The log is in EventStoreDB')
  })
})
