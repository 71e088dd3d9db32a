import { test } from '@japa/runner'
import { asOfSchema, buildAsOf, dropAsOf, positionAt } from '#projections/as_of'
import { dropCopiesBefore } from '#projections/kept_copies'
import { renamed } from '#tests/helpers/events'
import { openStage } from './stage.ts'
import { created, tallies } from './tallies.ts'

test.group('Read models as they were', (group) => {
  group.each.timeout(30_000)

  test('each position has a schema of its own, and those that serve go on', async ({
    assert,
    test: it,
  }) => {
    const stage = await openStage(it, [tallies()])
    const position = await stage.append(created(1), renamed(1, 'b'), created(2), renamed(1, 'c'))
    stage.run()
    await stage.reached(position)
    const build = (at: number) =>
      buildAsOf({
        connectionString: stage.url,
        eventStore: stage.store,
        projections: stage.projections,
        position: at,
      })

    assert.deepEqual(await build(2), {
      schema: 'read_at_2',
      tables: [{ name: 'read_at_2.tallies', rows: 1, refused: [] }],
    })
    await build(3)
    assert.containSubset(await stage.rows('read_at_2.tallies'), [{ names: ['first', 'b'] }])
    assert.lengthOf(await stage.rows('read_at_3.tallies'), 2)
    assert.containSubset(await stage.rows('read.tallies'), [{ names: ['first', 'b', 'c'] }])

    await assert.rejects(() => build(3), /there already/)
    assert.isTrue(await dropAsOf(stage.pool, 3))
    assert.isFalse(await dropAsOf(stage.pool, 3))
    await build(3)

    await dropCopiesBefore(stage.url, position)
    const { rows } = await stage.pool.query(
      `select 1 from pg_namespace where nspname like 'read_at%'`
    )
    assert.isEmpty(rows, 'forgetting somebody drops them')
  })

  test('a moment stands for the last position up to it', async ({ assert, test: it }) => {
    const stage = await openStage(it, [tallies()])
    await stage.append(created(1), created(2), created(3))
    const [, second] = await stage.store.readAll({ after: 0, limit: 3 })
    const at = (text: string) => positionAt(stage.pool, stage.store, text)
    const moment = second?.recordedAt ?? ''
    const upTo = (await stage.store.readAll({ after: 0, limit: 3 })).filter(
      ({ recordedAt }) => recordedAt <= moment
    )
    assert.equal(await at(moment), upTo.at(-1)?.position)
    assert.equal(await at('2'), 2)
    assert.equal(await at('2999-01-01'), 3)
    for (const wrong of ['4', '0', '2001-01-01', 'yesterday', '2026-01-31T12:00:00']) {
      await assert.rejects(() => at(wrong))
    }
    assert.equal(asOfSchema(2), 'read_at_2')
  })
})
