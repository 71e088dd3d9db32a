import pg from 'pg'
import { test } from '@japa/runner'
import { runCommand } from '#tests/helpers/ace'
import { createEmptyDatabase } from '#tests/helpers/database'

test.group('Preparing', () => {
  test('several processes prepare a new database at once, one after the other', async ({
    assert,
    cleanup,
  }) => {
    const database = await createEmptyDatabase()
    cleanup(() => database.drop())
    const prepared = await Promise.all(
      Array.from({ length: 3 }, () => runCommand(database.url, ['prepare']))
    )
    const said = prepared.map(({ stdout, stderr }) => stdout + stderr)
    assert.deepEqual(
      prepared.map(({ code }) => code),
      [0, 0, 0],
      said.join('\n')
    )
    assert.lengthOf(
      said.filter((text) => text.includes('Another process prepares this database')),
      2
    )
    const client = new pg.Client({ connectionString: database.url })
    await client.connect()
    cleanup(() => client.end())
    const { rows } = await client.query<{ type: string; n: string }>(
      'select type, count(*) as n from log.events group by type order by type'
    )
    assert.deepEqual(rows, [
      { type: 'group.created', n: '2' },
      { type: 'strategy.created', n: '1' },
    ])
    const groups = await client.query('select from read.groups')
    assert.equal(groups.rowCount, 2)
  }).timeout(120_000)
})
