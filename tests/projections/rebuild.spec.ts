import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { test } from '@japa/runner'
import { installProjections } from '#projections/install'
import { listParked } from '#projections/parking'
import type { AnyProjection } from '#projections/projection'
import { rebuild } from '#projections/rebuild'
import { projectionStatus } from '#projections/status'
import { rollback } from '#projections/switch'
import { verify } from '#projections/verify'
import { renamed, uploaded } from '#tests/helpers/events'
import { rebuildOne, type RebuildOneOptions } from '#tests/helpers/rebuild_one'
import { waitFor } from '#tests/helpers/wait_for'
import { openStage, type Stage } from './stage.ts'
import { created, tallies } from './tallies.ts'

const REBUILDING_PROCESS = fileURLToPath(new URL('rebuilding_process.ts', import.meta.url))

function rebuildOn(stage: Stage, options: Partial<RebuildOneOptions> = {}) {
  return rebuildOne({
    connectionString: stage.url,
    eventStore: stage.store,
    projection: stage.projections[0] as AnyProjection,
    gate: false,
    ...options,
  })
}

test.group('Rebuilding', () => {
  test('beside readers and a writer, with a switch and a way back that nobody notices', async ({
    assert,
    test: it,
  }) => {
    const stage = await openStage(it)
    const images = stage.projections.find(({ name }) => name === 'images') as AnyProjection
    stage.run()
    let written = 0
    let stop = false
    const writer = async () => {
      while (!stop) {
        await stage.append(uploaded(++written))
      }
    }
    const reader = async () => {
      const client = new pg.Client({ connectionString: stage.url })
      await client.connect()
      let least = 0
      try {
        while (!stop) {
          const { rows } = await client.query<{ count: number }>({
            name: 'count_images',
            text: 'select count(*)::integer as count from read.images',
          })
          // What was once seen stays.
          assert.isAtLeast(rows[0]?.count ?? -1, least)
          least = Math.max(least, rows[0]?.count ?? 0)
        }
      } finally {
        await client.end()
      }
    }
    const busy = Promise.all([writer(), reader(), reader()])
    await waitFor(() => written > 50, { what: 'some images' })
    for (let round = 0; round < 3; round++) {
      const result = await rebuildOn(stage, { projection: images, gate: true })
      assert.isTrue(result.switched)
      assert.equal(result.difference?.count, 0)
    }
    stop = true
    await busy
    await rollback({ connectionString: stage.url, projection: images })
    const position = await stage.append(uploaded(++written))
    await stage.reached(position)
    assert.lengthOf(await stage.rows('read.images'), written)
    const [verified] = await verify({
      connectionString: stage.url,
      eventStore: stage.store,
      projections: [images],
    })
    assert.equal(verified?.difference.count, 0)
  }).timeout(30_000)

  test('rows that differ are shown, and hold up the switch when told to', async ({
    assert,
    test: it,
  }) => {
    const stage = await openStage(it, [tallies()])
    await stage.append(created(1), created(2))
    stage.run()
    await stage.reached(2)
    await stage.pool.query(`update read.tallies set applied = 7 where album_id = 2`)
    const gated = await rebuildOn(stage, { gate: true })
    assert.isFalse(gated.switched)
    assert.deepEqual(gated.difference, {
      count: 2,
      sample: [
        { table: 'read.tallies', row: { album_id: 2, applied: 7, names: ['first'] } },
        { table: 'read_next.tallies', row: { album_id: 2, applied: 1, names: ['first'] } },
      ],
    })
    assert.containSubset(await stage.rows('read.tallies'), [{ applied: 7 }])

    const tried = await rebuildOn(stage, { dryRun: true })
    assert.isFalse(tried.switched)
    assert.equal(tried.difference?.count, 2)

    assert.isTrue((await rebuildOn(stage)).switched)
    assert.containSubset(await stage.rows('read.tallies'), [{ applied: 1 }, { applied: 1 }])
    await rollback({ connectionString: stage.url, projection: tallies() })
    assert.containSubset(await stage.rows('read.tallies'), [{ applied: 7 }])
  })

  test('those of one rebuild read the log once, and each stands for itself', async ({
    assert,
    test: it,
  }) => {
    const stage = await openStage(it, [
      tallies({ refused: new Set(['poison']) }),
      tallies({ name: 'others' }),
    ])
    await stage.append(created(1), renamed(1, 'poison'), renamed(1, 'c'), created(2))
    stage.run()
    await stage.reached(4)
    await stage.pool.query('update read.others set applied = 7 where album_id = 2')
    let read = 0
    const readFacts = stage.store.readFacts.bind(stage.store)
    stage.store.readFacts = async (options) => {
      const events = await readFacts(options)
      read += events.length
      return events
    }
    const told: string[] = []
    const results = await rebuild({
      connectionString: stage.url,
      eventStore: stage.store,
      projections: stage.projections,
      gate: true,
      done: ({ projection, switched }) => told.push(`${projection} ${switched}`),
    })
    assert.equal(read, 4)
    assert.deepEqual(told, ['tallies true', 'others false'])
    assert.deepEqual(
      results.map(({ difference }) => difference?.count),
      [0, 2]
    )
    assert.containSubset(await stage.rows('read.tallies'), [{ album_id: 1, applied: 1 }])
    assert.containSubset(await listParked(stage.pool), [
      { projection: 'tallies', position: 2, waiting: 2 },
    ])
  })

  test('works when nobody runs the live one', async ({ assert, test: it }) => {
    const stage = await openStage(it, [tallies()])
    await stage.append(created(1), renamed(1, 'b'))
    const { switched, difference, position } = await rebuildOn(stage, { gate: true })
    assert.deepEqual([switched, difference?.count, position], [true, 0, 2])
    assert.containSubset(await stage.rows('read.tallies'), [{ applied: 2 }])
  })

  test('a rolled-back copy catches up from where it stood', async ({ assert, test: it }) => {
    const stage = await openStage(it, [tallies()])
    stage.run()
    await stage.reached(await stage.append(created(1)))
    await rebuildOn(stage)
    await stage.reached(await stage.append(renamed(1, 'b')))
    await rollback({ connectionString: stage.url, projection: tallies() })
    await stage.reached(await stage.append(renamed(1, 'c')))
    assert.containSubset(await stage.rows('read.tallies'), [
      { applied: 3, names: ['first', 'b', 'c'] },
    ])
  })

  test('there is nothing to roll back before a switch', async ({ assert, test: it }) => {
    const stage = await openStage(it, [tallies()])
    await assert.rejects(
      () => rollback({ connectionString: stage.url, projection: tallies() }),
      /no earlier copy/
    )
  })

  test('what the new fold digests is parked no more after the switch', async ({
    assert,
    test: it,
  }) => {
    const stage = await openStage(it, [tallies({ refused: new Set(['poison']) })])
    stage.run()
    await stage.reached(await stage.append(created(1), renamed(1, 'poison')))
    await rebuildOn(stage, { projection: tallies() })
    assert.containSubset(await stage.rows('read.tallies'), [{ names: ['first', 'poison'] }])
    assert.containSubset(await projectionStatus(stage.pool, stage.projections), [
      { parkedStreams: 0, canRollBack: true },
    ])
  })

  test('killed in the middle, it leaves the live one serving, and the next goes through', async ({
    assert,
    test: it,
  }) => {
    const stage = await openStage(it, [tallies()])
    stage.run()
    await stage.append(created(1))
    await stage.reached(await stage.append(renamed(1, 'hold')))
    const child = spawn(process.execPath, [REBUILDING_PROCESS, stage.url], { stdio: 'pipe' })
    it.cleanup(() => void child.kill('SIGKILL'))
    await once(child.stdout, 'data')
    await assert.rejects(() => rebuildOn(stage), /being rebuilt already/)
    child.kill('SIGKILL')
    await once(child, 'exit')
    await stage.reached(await stage.append(renamed(1, 'b')))
    assert.containSubset(await stage.rows('read.tallies'), [{ applied: 3 }])
    const result = await waitFor(
      () =>
        rebuildOn(stage, { gate: true }).catch((error: unknown) => {
          assert.match(String(error), /being rebuilt already/)
          return null
        }),
      { what: 'the lock of the killed one to go' }
    )
    assert.isTrue(result.switched)
  }).timeout(20_000)

  test('another version is put in place by several processes that start at once', async ({
    assert,
    test: it,
  }) => {
    const stage = await openStage(it, [tallies()])
    const old = stage.run()
    await stage.reached(await stage.append(created(1), renamed(1, 'b')))
    const base = tallies({ version: 2 })
    const next: AnyProjection = {
      ...base,
      table: {
        ...base.table,
        columns: { ...base.table.columns, extra: 'text' },
        indexes: { applied: { on: '(applied)' } },
      },
    }
    const install = () =>
      installProjections({
        connectionString: stage.url,
        eventStore: stage.store,
        projections: [next],
      })
    await Promise.all([install(), install(), install()])
    assert.deepEqual(await stage.rows('read.tallies'), [
      { album_id: 1, applied: 2, names: ['first', 'b'], extra: null },
    ])
    stage.run({ projections: [next] })
    await stage.reached(await stage.append(renamed(1, 'c')))
    await old.stop()
    assert.containSubset(await stage.rows('read.tallies'), [{ names: ['first', 'b', 'c'] }])
    assert.containSubset(await projectionStatus(stage.pool, [next]), [
      { version: 2, canRollBack: true },
    ])
  })
})
