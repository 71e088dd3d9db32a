import { test } from '@japa/runner'
import { runCommand } from '#tests/helpers/ace'
import { waitFor } from '#tests/helpers/wait_for'
import { JobStage, NotingProcessor } from './job_stage.ts'

test.group('Reactions replayed on purpose', (group) => {
  group.each.timeout(60_000)
  let stage: JobStage
  let thumbnails: NotingProcessor

  group.each.setup(async () => {
    stage = await JobStage.open()
    thumbnails = new NotingProcessor('thumbnails')
    return () => stage.close()
  })

  const replay = (...args: string[]) =>
    runCommand(stage.databaseUrl, ['reactions:replay', '--queue', 'thumbnails', ...args])
  const untilDone = (number: number) =>
    waitFor(async () => (await stage.count('done', 'thumbnails')) === number, {
      what: `${number} thumbnails`,
      timeoutMs: 20_000,
    })

  test('the count comes first, and the first run’s result stays', async ({ assert }) => {
    stage.relay()
    stage.dispatcher()
    stage.workers(thumbnails)
    await stage.upload(1, 5)
    await untilDone(5)
    const first = thumbnails.done.map(({ reactionKey }) => reactionKey)
    const settled = async () => {
      const { rows } = await stage.pool.query<{ settled_at: Date }>(
        'select settled_at from run.job_ledger where reaction_key = any($1) order by reaction_key',
        [first]
      )
      return rows.map(({ settled_at: at }) => at.toISOString())
    }
    const before = await settled()

    const counted = await replay('--dry-run')
    assert.equal(counted.code, 0, counted.stderr)
    assert.match(counted.stdout, /image\.uploaded: 5/)
    const unconfirmed = await replay()
    assert.equal(unconfirmed.code, 1)
    assert.equal((await stage.store.head()).position, 5, 'neither left a trace')

    const done = await replay('--from', '2', '--to', '4', '--yes')
    assert.equal(done.code, 0, done.stderr)
    assert.match(done.stdout, /3 pieces of work are owed/)
    await untilDone(8)
    assert.lengthOf(thumbnails.done, 8)
    assert.equal(new Set(thumbnails.done.map(({ reactionKey }) => reactionKey)).size, 8)
    assert.deepEqual(
      thumbnails.done
        .slice(5)
        .map(({ eventPosition }) => eventPosition)
        .sort(),
      [2, 3, 4]
    )
    assert.deepEqual(await settled(), before)
    const [event] = await stage.store.readStream('queue-thumbnails')
    assert.deepEqual(event?.data, {
      queue: 'thumbnails',
      from_position: 2,
      to_position: 4,
      reactions: 3,
    })
  })

  test('what is said wrongly is told in a sentence', async ({ assert }) => {
    for (const args of [
      ['--queue', 'post'],
      ['--from', '3', '--to', '2'],
      ['--from', 'x'],
    ]) {
      const { code, stderr, stdout } = await replay(...args)
      assert.equal(code, 1)
      assert.notMatch(stderr + stdout, /at .*\.ts:\d+/)
    }
  })

  test('read models as they were are built and dropped by command', async ({ assert }) => {
    await stage.upload(1, 3)
    const command = (...args: string[]) => runCommand(stage.databaseUrl, ['replay', ...args])
    const built = await command('images', '--as-of', '2')
    assert.equal(built.code, 0, built.stderr)
    assert.match(built.stdout, /read_at_2/)
    assert.match(built.stdout, /replay --as-of 2 --drop/)
    const { rows } = await stage.pool.query('select image_id from read_at_2.images')
    assert.lengthOf(rows, 2)
    assert.equal((await command('images', '--as-of', '2')).code, 1, 'it is there already')
    assert.equal((await command('--as-of', '2', '--drop')).code, 0)
    assert.equal((await command('--as-of', 'yesterday')).code, 1)
    assert.equal((await command()).code, 1)
  })
})
