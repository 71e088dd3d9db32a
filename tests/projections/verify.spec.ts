import { test } from '@japa/runner'
import { projections as allProjections } from '#projections/registry'
import { verify } from '#projections/verify'
import { renamed, uploaded } from '#tests/helpers/events'
import { openStage, type Stage } from './stage.ts'
import { created, tallies } from './tallies.ts'

async function verifyOn(stage: Stage, projection = tallies()) {
  const options = { connectionString: stage.url, eventStore: stage.store }
  const [verified] = await verify({ ...options, projections: [projection] })
  if (verified === undefined) {
    throw new Error('Nothing was verified')
  }
  return verified
}

test.group('Verifying', () => {
  test('finds each row that does not follow from the log', async ({ assert, test: it }) => {
    const stage = await openStage(it, [tallies()])
    stage.run()
    await stage.reached(await stage.append(created(1), created(2), created(3)))
    assert.equal((await verifyOn(stage)).difference.count, 0)

    await stage.pool.query(`update read.tallies set names = '{tampered}' where album_id = 1`)
    await stage.pool.query('delete from read.tallies where album_id = 2')
    await stage.pool.query(`insert into read.tallies values (9, 1, '{invented}')`)
    const { difference, position } = await verifyOn(stage)
    assert.equal(position, 3)
    assert.equal(difference.count, 4)
    assert.includeDeepMembers(difference.sample, [
      { table: 'read.tallies', row: { album_id: 1, applied: 1, names: ['tampered'] } },
      { table: 'pg_temp.tallies', row: { album_id: 1, applied: 1, names: ['first'] } },
      { table: 'pg_temp.tallies', row: { album_id: 2, applied: 1, names: ['first'] } },
      { table: 'read.tallies', row: { album_id: 9, applied: 1, names: ['invented'] } },
    ])
  })

  test('leaves out what is parked', async ({ assert, test: it }) => {
    const stage = await openStage(it, [tallies({ refused: new Set(['poison']) })])
    stage.run()
    await stage.append(created(1), renamed(1, 'poison'), renamed(1, 'too big'))
    await stage.reached(await stage.append(renamed(1, 'c')))
    assert.equal((await verifyOn(stage)).difference.count, 0)
  })

  test('compares each where it stands, without what it has parked, in one reading', async ({
    assert,
    test: it,
  }) => {
    const parking = tallies({ name: 'parking', refused: new Set(['poison']) })
    const lagging = tallies({ name: 'lagging' })
    const stage = await openStage(it, [parking, lagging])
    const both = stage.run()
    await stage.reached(await stage.append(created(1), renamed(1, 'b')))
    await both.stop()
    stage.run({ projections: [parking] })
    const position = await stage.append(renamed(1, 'poison'), renamed(1, 'c'), created(2))
    await stage.reached(position, ['parking'])
    let read = 0
    const { store } = stage
    const verified = await verify({
      connectionString: stage.url,
      eventStore: new Proxy(store, {
        get: (target, name) =>
          name === 'readFacts'
            ? async (...given: Parameters<typeof store.readFacts>) => {
                const facts = await target.readFacts(...given)
                read += facts.length
                return facts
              }
            : Reflect.get(target, name, target),
      }),
      projections: [parking, lagging],
    })
    assert.deepEqual(
      verified.map((one) => [one.projection, one.position, one.difference.count, one.refused]),
      [
        ['parking', position, 0, []],
        ['lagging', 2, 0, []],
      ]
    )
    assert.equal(read, position)
  })

  test('tells of events that were taken in and are refused now', async ({ assert, test: it }) => {
    const stage = await openStage(it, [tallies()])
    stage.run()
    await stage.reached(await stage.append(created(1), renamed(1, 'b')))
    const { refused } = await verifyOn(stage, tallies({ refused: new Set(['b']) }))
    assert.containSubset(refused, [{ position: 2, error: 'RangeError: "b" is poison' }])
  })

  test('sees the live copy at one moment while it goes on', async ({ assert, test: it }) => {
    const stage = await openStage(it)
    stage.run()
    let stop = false
    let written = 0
    const writing = (async () => {
      while (!stop) {
        await stage.append(uploaded(++written, { album_id: 1 + (written % 3) }))
      }
    })()
    await stage.append(created(1), created(2))
    const verified = await verify({
      connectionString: stage.url,
      eventStore: stage.store,
      projections: allProjections,
    })
    assert.sameMembers(
      verified.map(({ projection }) => projection),
      allProjections.map(({ name }) => name)
    )
    for (const { projection, difference } of verified) {
      assert.equal(difference.count, 0, projection)
    }
    stop = true
    await writing
  }).timeout(20_000)
})
