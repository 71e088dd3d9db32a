import { test } from '@japa/runner'
import type { Redis } from 'ioredis'
import { BusySign } from '#jobs/busy_sign'
import { connectRedis, FAILING_FAST } from '#jobs/redis_connection'
import { testRedisUrl } from '#tests/helpers/redis'
import { waitFor } from '#tests/helpers/wait_for'

/** Keeps this process's main thread at work until told to stop. */
function work(): () => void {
  let isOver = false
  const turn = () => {
    const until = performance.now() + 20
    while (performance.now() < until);
    if (!isOver) {
      setImmediate(turn)
    }
  }
  turn()
  return () => (isOver = true)
}

test.group('Busy sign', (group) => {
  let redis: Redis

  group.each.setup(async () => {
    redis = connectRedis(testRedisUrl(), FAILING_FAST)
    await waitFor(() => redis.status === 'ready', { what: 'Redis' })
    return () => redis.disconnect()
  })

  test('stands while a web server is busy, and falls by itself', async ({ assert }) => {
    const given = new BusySign(redis)
    const seen = new BusySign(redis)
    assert.isFalse(await seen.stands())
    given.watch()
    const rest = work()
    await waitFor(() => seen.stands(), { what: 'the sign' })
    rest()
    await waitFor(async () => !(await seen.stands()), { what: 'the sign to fall' })
    given.stop()
  })

  test('does not stand while Redis is away', async ({ assert }) => {
    const away = connectRedis('redis://127.0.0.1:1', FAILING_FAST)
    assert.isFalse(await new BusySign(away).stands())
    away.disconnect()
  })
})
