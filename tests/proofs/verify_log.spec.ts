import { test } from '@japa/runner'
import { TamperedLog } from './tampered_log.ts'

test.group('Proofs | verify', (group) => {
  let log: TamperedLog

  group.setup(async () => {
    log = await TamperedLog.create()
    return () => log.close()
  })
  group.each.teardown(() => log.restore())

  test('a log as it was written is sound', async ({ assert }) => {
    const report = await log.verify()
    assert.deepInclude(report, { sound: true, faults: [], guardsChecked: true, from: 0 })
    const head = await log.store.head()
    assert.deepEqual({ position: report.position, hash: report.hash }, head)
  })

  test('an empty log is sound', async ({ assert }) => {
    await log.client.query(`
      delete from log.events; delete from log.claims; delete from log.budgets; delete from log.commands;
      update log.head set position = 0, hash = sha256('picfast'::bytea)`)
    assert.isTrue((await log.verify()).sound)
  })

  test('a trusted point saves the events before it, and only them')
    .with([
      { position: 5, sound: true },
      { position: 20, sound: false },
    ])
    .run(async ({ assert }, { position, sound }) => {
      const [trusted] = await log.store.readStored({ after: 9, limit: 1 })
      assert.exists(trusted)
      await log.client.query(
        `update log.events set type = 'image.approved' where position = ${position}`
      )
      const report = await log.verify({ from: trusted })
      assert.equal(report.sound, sound)
      assert.equal(report.faults[0]?.position, sound ? undefined : position)
      assert.isFalse(report.guardsChecked)
    })

  test('what was done to the log is told: {title}')
    .with([
      {
        title: 'a changed payload',
        sql: `update log.events set data = replace(data::text, '"to":0', '"to":1')::json where position = 4`,
        kind: 'changed',
        position: 4,
      },
      {
        title: 'who did it',
        sql: `update log.events set metadata = replace(metadata::text, '"account_id":1', '"account_id":2')::json
              where position = 5`,
        kind: 'changed',
        position: 5,
      },
      {
        title: 'another hash',
        sql: `update log.events set hash = sha256('x') where position = 6`,
        kind: 'changed',
        position: 6,
      },
      {
        title: 'one removed in the middle',
        sql: 'delete from log.events where position = 7',
        kind: 'removed',
        position: 7,
      },
      {
        title: 'the first removed',
        sql: 'delete from log.events where position = 1',
        kind: 'removed',
        position: 1,
      },
      {
        title: 'three removed at the end',
        sql: 'delete from log.events where position > (select position - 3 from log.head)',
        kind: 'removed',
        position: 29,
      },
      {
        title: 'one removed at the end, and the head moved back',
        sql: `delete from log.events where position = (select position from log.head);
              update log.head h set position = e.position, hash = e.hash
              from log.events e where e.position = h.position - 1`,
        kind: 'removed',
        position: 31,
      },
      {
        title: 'all removed',
        sql: 'delete from log.events',
        kind: 'removed',
        position: 1,
      },
      {
        title: 'one added at the end',
        sql: `insert into log.events select 32, 'image-99', 1, gen_random_uuid(), type, schema_version, data, metadata,
              recorded_at, hash from log.events where position = 31`,
        kind: 'changed',
        position: 32,
      },
      {
        title: 'one at a place before the first',
        sql: `insert into log.events select 0, 'image-99', 1, gen_random_uuid(), type, schema_version, data, metadata,
              recorded_at, hash from log.events where position = 31`,
        kind: 'inserted',
        position: 0,
      },
      {
        title: 'another version',
        sql: `update log.events set version = 9 where position = 4`,
        kind: 'version',
        position: 4,
      },
      {
        title: 'a head that was changed',
        sql: `update log.head set hash = sha256('x')`,
        kind: 'head',
        position: 31,
      },
      {
        title: 'a claim taken away',
        sql: `delete from log.claims where value = 'k000003'`,
        kind: 'claim',
        position: 7,
      },
      {
        title: 'an address taken away',
        sql: `delete from log.claims where scope = 'email' and stream = 'account-2'`,
        kind: 'claim',
        position: 31,
      },
      {
        title: 'a claim of nobody',
        sql: `insert into log.claims values ('image_key', 'stolen', 'image-1')`,
        kind: 'claim',
        position: null,
      },
      {
        title: 'a budget made smaller',
        sql: `update log.budgets set used = used - 1 where scope = 'account_bytes:2'`,
        kind: 'budget',
        position: 26,
      },
      {
        title: 'a budget made larger than what numbers are exact for',
        sql: `update log.budgets set used = 9223372036854775807 where scope = 'account_bytes:2'`,
        kind: 'budget',
        position: 26,
      },
      {
        title: 'a budget of nobody',
        sql: `insert into log.budgets values ('guest_bytes', 5)`,
        kind: 'budget',
        position: null,
      },
    ])
    .run(async ({ assert }, { sql, kind, position }) => {
      await log.client.query(sql)
      const { sound, faults } = await log.verify()
      assert.isFalse(sound)
      assert.deepInclude(faults[0], { kind, position }, JSON.stringify(faults))
    })

  test('one put in between is told, when those after were renumbered', async ({ assert }) => {
    await log.renumber(10, 1)
    await log.client.query(`
      insert into log.events select 10, 'image-99', 1, gen_random_uuid(), type, schema_version, data, metadata,
      recorded_at, hash from log.events where position = 3`)
    const { faults } = await log.verify()
    assert.deepInclude(faults[0], { kind: 'inserted', position: 10 })
  })

  test('some taken out are told, when those after were renumbered', async ({ assert }) => {
    await log.client.query('delete from log.events where position in (10, 11)')
    await log.renumber(12, -2)
    const { faults } = await log.verify()
    assert.deepInclude(faults[0], { kind: 'removed', position: 10 })
  })

  test('a payload without sense is told, although its hash fits', async ({ assert }) => {
    await log.client.query(`update log.events set data = '{"x":1}' where position = 5`)
    await log.rehash(5, 31)
    await log.rehead()
    const { faults } = await log.verify()
    assert.deepInclude(faults[0], { kind: 'changed', position: 5 })
  })

  test('a forgotten person leaves the log sound', async ({ assert, cleanup }) => {
    const other = await TamperedLog.create()
    cleanup(() => other.close())
    await other.store.keyRing.erase('account:1')
    // Whoever is forgotten has been deleted, which gave the address back.
    await other.client.query(
      `delete from log.claims where scope = 'email' and stream = 'account-1'`
    )
    assert.isTrue((await other.verify()).sound)
  })
})
