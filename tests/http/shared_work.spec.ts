import { setImmediate as turn } from 'node:timers/promises'
import { test } from '@japa/runner'
import { ServerBusyError } from '#http/errors'
import { SharedWork } from '#http/shared_work'

/** Work that ends when it is told to. */
function pausedWork() {
  const { promise, resolve } = Promise.withResolvers<string>()
  let started = 0
  return {
    run: () => {
      started += 1
      return promise
    },
    end: resolve,
    started: () => started,
  }
}

test.group('Shared work', () => {
  test('is done once for all who ask while it is under way', async ({ assert }) => {
    const shared = new SharedWork<string>({ atOnce: 1 })
    const work = pausedWork()
    const asked = Array.from({ length: 5 }, () => shared.run('a', work.run))
    work.end('done')

    assert.deepEqual(
      await Promise.all(asked),
      Array.from({ length: 5 }, () => 'done')
    )
    assert.equal(work.started(), 1)
  })

  test('is refused when too much of it waits, and taken again later', async ({ assert }) => {
    const shared = new SharedWork<string>({ atOnce: 1, waiting: 1 })
    const [first, second, third] = [pausedWork(), pausedWork(), pausedWork()]
    const running = shared.run('1', first.run)
    const waiting = shared.run('2', second.run)

    await assert.rejects(() => shared.run('3', third.run), ServerBusyError)
    // Who asks for what waits already joins it.
    const joined = shared.run('2', second.run)
    assert.equal(second.started(), 0)
    first.end('1')
    await running
    await turn()
    assert.equal(second.started(), 1)
    const late = shared.run('3', third.run)
    second.end('2')
    third.end('3')
    assert.deepEqual(await Promise.all([waiting, joined, late]), ['2', '2', '3'])
  })

  test('makes room also when it fails', async ({ assert }) => {
    const shared = new SharedWork<string>({ atOnce: 1, waiting: 1 })
    const failing = () => Promise.reject(new Error('broken'))
    const failed = shared.run('1', failing)
    const next = shared.run('2', async () => 'fine')
    await assert.rejects(() => failed, 'broken')
    assert.equal(await next, 'fine')
    assert.equal(await shared.run('1', async () => 'again'), 'again')
  })
})
