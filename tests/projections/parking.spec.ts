import { test } from '@japa/runner'
import { listParked, retryParked } from '#projections/parking'
import { rebuild } from '#projections/rebuild'
import { projectionStatus } from '#projections/status'
import { renamed } from '#tests/helpers/events'
import { openStage } from './stage.ts'
import { created, tallies } from './tallies.ts'

test.group('Parking', () => {
  test('a refused event waits with those of its stream, and nothing else does', async ({
    assert,
    test: it,
  }) => {
    const stage = await openStage(it, [tallies({ refused: new Set(['poison']) })])
    stage.run()
    await stage.append(created(1), created(2), renamed(1, 'poison'), renamed(2, 'b'))
    await stage.reached(await stage.append(renamed(1, 'later'), renamed(2, 'c')))
    assert.deepEqual(await stage.rows('read.tallies'), [
      { album_id: 1, applied: 1, names: ['first'] },
      { album_id: 2, applied: 3, names: ['first', 'b', 'c'] },
    ])
    const parked = await listParked(stage.pool)
    assert.lengthOf(parked, 1)
    assert.containSubset(parked, [
      {
        projection: 'tallies',
        partitionKey: 'album-1',
        position: 3,
        error: 'RangeError: "poison" is poison',
        waiting: 2,
        attempts: 1,
      },
    ])
    assert.containSubset(await projectionStatus(stage.pool, stage.projections), [
      { projection: 'tallies', lag: 0, parkedStreams: 1 },
    ])
  })

  test('the same in one batch, when even the rows of an event cannot be named', async ({
    assert,
    test: it,
  }) => {
    const projection = tallies()
    const stage = await openStage(it, [
      {
        ...projection,
        keys(event) {
          if (event.type === 'album.changed' && event.data.name === 'poison') {
            throw new Error('no keys')
          }
          return projection.keys(event)
        },
      },
    ])
    await stage.append(created(1), renamed(1, 'b'), renamed(1, 'poison'), renamed(1, 'c'))
    stage.run()
    await stage.reached(4)
    assert.containSubset(await stage.rows('read.tallies'), [{ names: ['first', 'b'] }])
    assert.containSubset(await listParked(stage.pool), [
      { position: 3, error: 'Error: no keys', waiting: 2 },
    ])
  })

  test('a row that PostgreSQL refuses parks just the event that made it', async ({
    assert,
    test: it,
  }) => {
    const stage = await openStage(it, [tallies(), tallies({ name: 'clamped', clamped: true })])
    await stage.append(created(1), created(2), created(3))
    await stage.append(renamed(2, 'too big'), renamed(1, 'b'), renamed(2, 'c'), renamed(3, 'b'))
    stage.run()
    await stage.reached(7)
    assert.deepEqual(await stage.rows('read.tallies'), [
      { album_id: 1, applied: 2, names: ['first', 'b'] },
      { album_id: 2, applied: 1, names: ['first'] },
      { album_id: 3, applied: 2, names: ['first', 'b'] },
    ])
    assert.containSubset(await stage.rows('read.clamped'), [
      { album_id: 2, applied: 3, names: ['first', 'too big', 'c'] },
    ])
    const parked = await listParked(stage.pool)
    assert.lengthOf(parked, 1)
    assert.containSubset(parked, [{ partitionKey: 'album-2', position: 4, waiting: 2 }])
    assert.match(parked[0]?.error ?? '', /out of range/)

    const rebuilt = await rebuild({
      connectionString: stage.url,
      eventStore: stage.store,
      projections: stage.projections,
      gate: true,
    })
    assert.deepEqual(
      rebuilt.map(({ difference, switched, events }) => [difference?.count, switched, events]),
      [
        [0, true, 7],
        [0, true, 7],
      ],
      'a rebuild parks the same'
    )
    assert.containSubset(await listParked(stage.pool), [
      { partitionKey: 'album-2', position: 4, waiting: 2 },
    ])
  })

  test('a retry folds a stream in order, all or nothing', async ({ assert, test: it }) => {
    const stage = await openStage(it, [tallies({ refused: new Set(['poison', 'venom']) })])
    stage.run()
    await stage.append(created(1), renamed(1, 'poison'), renamed(1, 'venom'))
    await stage.reached(await stage.append(renamed(1, 'later')))
    const retry = (projection = tallies()) =>
      retryParked({
        connectionString: stage.url,
        eventStore: stage.store,
        projection,
        partitionKey: 'album-1',
      })

    assert.equal(
      await retry(tallies({ refused: new Set(['venom']) })),
      'RangeError: "venom" is poison'
    )
    assert.containSubset(await stage.rows('read.tallies'), [{ names: ['first'] }])
    assert.containSubset(await listParked(stage.pool), [{ waiting: 3 }])

    assert.isNull(await retry())
    assert.deepEqual(await stage.rows('read.tallies'), [
      { album_id: 1, applied: 4, names: ['first', 'poison', 'venom', 'later'] },
    ])
    assert.deepEqual(await listParked(stage.pool), [])
    await stage.reached(await stage.append(renamed(1, 'free')))
    assert.containSubset(await stage.rows('read.tallies'), [{ applied: 5 }])
  })

  test('a retry that PostgreSQL refuses leaves the reason', async ({ assert, test: it }) => {
    const stage = await openStage(it, [tallies()])
    stage.run()
    await stage.reached(await stage.append(created(1), renamed(1, 'too big')))
    const options = {
      connectionString: stage.url,
      eventStore: stage.store,
      partitionKey: 'album-1',
    }
    assert.match((await retryParked({ ...options, projection: tallies() })) ?? '', /out of range/)
    assert.containSubset(await listParked(stage.pool), [{ waiting: 1, attempts: 2 }])
    assert.isNull(await retryParked({ ...options, projection: tallies({ clamped: true }) }))
    assert.containSubset(await stage.rows('read.tallies'), [{ names: ['first', 'too big'] }])
  })
})
