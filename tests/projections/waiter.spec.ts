import { test } from '@japa/runner'
import { ReadModelWaiter } from '#projections/waiter'
import { renamed } from '#tests/helpers/events'
import { openStage } from './stage.ts'
import { created, tallies } from './tallies.ts'

test.group('Waiting for read models', () => {
  test('resolves when the named ones show the position', async ({ assert, test: it }) => {
    const stage = await openStage(it, [tallies(), tallies({ name: 'other' })])
    const waiter = new ReadModelWaiter(stage.url)
    it.cleanup(() => waiter.close())
    stage.run({ projections: [tallies()] })
    for (const name of ['b', 'c', 'd']) {
      const position = await stage.append(renamed(1, name))
      assert.isTrue(await waiter.waitFor(position, ['tallies'], 5_000))
      const [row] = await stage.rows('read.tallies')
      assert.include(row?.names, name)
    }
  })

  test('answers false in time when they do not', async ({ assert, test: it }) => {
    const stage = await openStage(it, [tallies(), tallies({ name: 'other' })])
    const waiter = new ReadModelWaiter(stage.url)
    it.cleanup(() => waiter.close())
    stage.run({ projections: [tallies()] })
    const position = await stage.append(created(1))
    assert.isTrue(await waiter.waitFor(position, ['tallies'], 5_000))
    const startedAt = performance.now()
    assert.isFalse(await waiter.waitFor(position, ['tallies', 'other'], 150))
    assert.isBelow(performance.now() - startedAt, 1_500)
    assert.isFalse(await waiter.waitFor(position + 1, ['tallies'], 50))
  })

  test('sees what was announced while its connection was gone', async ({ assert, test: it }) => {
    const stage = await openStage(it, [tallies()])
    const waiter = new ReadModelWaiter(stage.url)
    it.cleanup(() => waiter.close())
    stage.run()
    assert.isTrue(await waiter.waitFor(await stage.append(created(1)), ['tallies'], 5_000))
    await stage.pool.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where datname = current_database() and query like '%listen picfast_read%'
         and pid <> pg_backend_pid()`
    )
    const position = await stage.append(renamed(1, 'b'))
    assert.isTrue(await waiter.waitFor(position, ['tallies'], 5_000))
  })

  test('those who wait are answered when it closes', async ({ assert, test: it }) => {
    const stage = await openStage(it, [tallies()])
    const waiter = new ReadModelWaiter(stage.url)
    const waiting = waiter.waitFor(1, ['tallies'], 60_000)
    await waiter.close()
    assert.isFalse(await waiting)
  })
})
