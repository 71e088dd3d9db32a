import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { test } from '@japa/runner'
import { renamed } from '#tests/helpers/events'
import { waitFor } from '#tests/helpers/wait_for'
import { openStage } from './stage.ts'
import { created, tallies } from './tallies.ts'

const HOLDING_PROCESS = fileURLToPath(new URL('holding_process.ts', import.meta.url))

test.group('Projection runtime', () => {
  test('catches up with history and follows what comes', async ({ assert, test: it }) => {
    const stage = await openStage(it, [tallies()])
    await stage.append(created(1), renamed(1, 'b'))
    stage.run({ batchSize: 1 })
    await stage.reached(await stage.append(renamed(1, 'c'), created(2)))
    assert.deepEqual(await stage.rows('read.tallies'), [
      { album_id: 1, applied: 3, names: ['first', 'b', 'c'] },
      { album_id: 2, applied: 1, names: ['first'] },
    ])
  })

  test('several at once fold each event once, in order', async ({ assert, test: it }) => {
    const stage = await openStage(it, [tallies(), tallies({ name: 'more' })])
    const runtimes = [3, 7, 11, 50].map((batchSize) => stage.run({ batchSize }))
    const names = Array.from({ length: 60 }, (_, index) => `name ${index}`)
    await Promise.all(
      [1, 2, 3, 4].map((album) =>
        stage.append(created(album), ...names.map((name) => renamed(album, name)))
      )
    )
    await stage.reached((await stage.store.head()).position)
    await Promise.all(runtimes.map((runtime) => runtime.stop()))
    for (const table of ['read.tallies', 'read.more']) {
      assert.deepEqual(
        await stage.rows(table),
        [1, 2, 3, 4].map((album) => ({
          album_id: album,
          applied: 61,
          names: ['first', ...names],
        }))
      )
    }
  })

  test('is replaced within two seconds of a kill in the middle of a batch', async ({
    assert,
    test: it,
  }) => {
    const stage = await openStage(it, [tallies()])
    const holder = spawn(process.execPath, [HOLDING_PROCESS, stage.url], { stdio: 'pipe' })
    it.cleanup(() => void holder.kill('SIGKILL'))
    const position = await stage.append(created(1), renamed(1, 'hold'))
    await once(holder.stdout, 'data')
    stage.run({ eager: false })
    holder.kill('SIGKILL')
    await stage.reached(position, ['tallies'], 2_000)
    assert.deepEqual(await stage.rows('read.tallies'), [
      { album_id: 1, applied: 2, names: ['first', 'hold'] },
    ])
  }).timeout(20_000)

  test('is replaced when it freezes in the middle of a batch, and takes nothing back', async ({
    assert,
    test: it,
  }) => {
    const stage = await openStage(it, [tallies()])
    const holder = spawn(process.execPath, [HOLDING_PROCESS, stage.url], { stdio: 'pipe' })
    it.cleanup(() => void holder.kill('SIGKILL'))
    const position = await stage.append(created(1), renamed(1, 'hold'))
    await once(holder.stdout, 'data')
    holder.kill('SIGSTOP')
    stage.run({ eager: false })
    await stage.reached(position, ['tallies'], 3_000)
    holder.kill('SIGCONT')
    await stage.reached(await stage.append(renamed(1, 'after')))
    assert.deepEqual(await stage.rows('read.tallies'), [
      { album_id: 1, applied: 3, names: ['first', 'hold', 'after'] },
    ])
  }).timeout(20_000)

  test('goes on after its connections were cut, and says so once', async ({ assert, test: it }) => {
    const stage = await openStage(it, [tallies()])
    const warnings: string[] = []
    stage.run({ warn: (message) => void warnings.push(message) })
    await stage.reached(await stage.append(created(1)))
    await stage.pool.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where datname = current_database() and pid <> pg_backend_pid()`
    )
    const position = await waitFor(() => stage.append(renamed(1, 'b')).catch(() => null), {
      what: 'the event store to come back',
    })
    await stage.reached(position)
    assert.isAtMost(warnings.length, 1)
    assert.containSubset(await stage.rows('read.tallies'), [{ names: ['first', 'b'] }])
  })

  test('a read model that cannot be written holds up no other', async ({ assert, test: it }) => {
    const stage = await openStage(it, [tallies(), tallies({ name: 'broken' })])
    const warnings: unknown[] = []
    await stage.pool.query('alter table read.broken rename to elsewhere')
    stage.run({ warn: (_, error) => void warnings.push(error) })
    await stage.reached(await stage.append(created(1)), ['tallies'])
    await stage.reached(await stage.append(renamed(1, 'b')), ['tallies'])
    assert.lengthOf(warnings, 1)
    await stage.pool.query('alter table read.elsewhere rename to broken')
    await stage.reached((await stage.store.head()).position)
    assert.deepEqual(await stage.rows('read.broken'), await stage.rows('read.tallies'))
  })

  test('leaves a read model of another version alone', async ({ assert, test: it }) => {
    const stage = await openStage(it, [tallies(), tallies({ name: 'other' })])
    stage.run({ projections: [tallies({ version: 2 }), tallies({ name: 'other' })] })
    await stage.reached(await stage.append(created(1)), ['other'])
    assert.deepEqual(await stage.rows('read.tallies'), [])
  })

  test('a fold sees only the rows that the event named', async ({ assert, test: it }) => {
    const nosy = { ...tallies(), keys: () => [99] }
    const stage = await openStage(it, [nosy])
    stage.run()
    await stage.reached(await stage.append(created(1)))
    const { rows } = await stage.pool.query('select error from run.parked_events')
    assert.deepEqual(rows, [{ error: 'RangeError: The event did not name the row "1"' }])
  })
})
