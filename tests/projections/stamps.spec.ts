import { test } from '@japa/runner'
import { rollback } from '#projections/switch'
import { EVERYBODY } from '#projections/stamps'
import { openStage, type Stage } from './stage.ts'
import { rebuildOne } from '#tests/helpers/rebuild_one'
import { created, tallies } from './tallies.ts'

/** Tallies concern the account that has the id of the album. */
async function stampsOf(stage: Stage): Promise<Map<number, string>> {
  const { rows } = await stage.pool.query<{ subject: string; stamp: string }>(
    'select subject, stamp from run.read_stamps'
  )
  return new Map(rows.map(({ subject, stamp }) => [Number(subject), stamp]))
}

test.group('Stamps', (group) => {
  group.each.timeout(30_000)

  test('are new for whom the changed rows concern, and for nobody else', async ({
    assert,
    ...context
  }) => {
    const stage = await openStage(context.test, [tallies()])
    stage.run()
    await stage.reached(await stage.append(created(1), created(2)))
    const before = await stampsOf(stage)
    await stage.reached(
      await stage.append({
        type: 'album.changed',
        data: { album_id: 2, name: 'second', intro: '', owner_id: 1 },
      })
    )
    const after = await stampsOf(stage)

    assert.sameMembers([...before.keys()], [1, 2])
    assert.equal(after.get(1), before.get(1))
    assert.notEqual(after.get(2), before.get(2))
    assert.isFalse(after.has(EVERYBODY))
  })

  test('are new for everybody when another copy serves', async ({ assert, ...context }) => {
    const projection = tallies()
    const stage = await openStage(context.test, [projection])
    stage.run()
    await stage.reached(await stage.append(created(1)))
    const options = { connectionString: stage.url, eventStore: stage.store, projection }
    await rebuildOne({ ...options, gate: false })
    const rebuilt = await stampsOf(stage)
    await rollback(options)
    const rolledBack = await stampsOf(stage)

    assert.isTrue(rebuilt.has(EVERYBODY))
    assert.notEqual(rolledBack.get(EVERYBODY), rebuilt.get(EVERYBODY))
  })
})
