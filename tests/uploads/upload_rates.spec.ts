import { test } from '@japa/runner'
import { Redis } from 'ioredis'
import { UploadRateError } from '#uploads/errors'
import { UploadRates, type UploadLimits } from '#uploads/upload_rates'
import { TEST_SITE_KEY } from '#tests/helpers/event_store'
import { testRedisUrl } from '#tests/helpers/redis'

const NONE: UploadLimits = { minute: null, hour: null, day: null, month: null }

/** In the last ten seconds of a minute, and of nothing longer. Redis must not think it past. */
const START = Date.UTC(2999, 0, 30, 22, 14, 50)
const MINUTE = 60_000

test.group('Rates of uploads', (group) => {
  let first: Redis
  let second: Redis
  let now = START

  const over = (redis: Redis) => new UploadRates({ redis, appKey: TEST_SITE_KEY, now: () => now })

  /** The refusal of an attempt, `null` when it was counted. */
  const refusalOf = async (attempt: Promise<unknown>): Promise<UploadRateError | null> => {
    try {
      await attempt
      return null
    } catch (error) {
      if (error instanceof UploadRateError) {
        return error
      }
      throw error
    }
  }

  group.each.setup(() => {
    const url = testRedisUrl()
    first = new Redis(url)
    second = new Redis(url)
    now = START
    return () => {
      first.disconnect()
      second.disconnect()
    }
  })

  test('hold across processes, however many come at once', async ({ assert }) => {
    const processes = [over(first), over(second)]
    const attempts = Array.from({ length: 50 }, (_, number) =>
      refusalOf(
        (processes[number % 2] ?? over(first)).takeUpload({
          subject: 'account:1',
          limits: { ...NONE, hour: 10 },
        })
      )
    )
    const refusals = (await Promise.all(attempts)).filter(Boolean)

    assert.lengthOf(refusals, 40)
    assert.isNull(
      await refusalOf(
        over(first).takeUpload({ subject: 'account:2', limits: { ...NONE, hour: 1 } })
      )
    )
  })

  test('a refusal counts nowhere, and says when the longest full window ends', async ({
    assert,
  }) => {
    const rates = over(first)
    const take = () =>
      refusalOf(rates.takeUpload({ subject: 'a', limits: { ...NONE, minute: 1, hour: 2 } }))

    assert.isNull(await take())
    const inMinute = await take()
    assert.equal(inMinute?.retryAfterSeconds, 10)
    now += MINUTE
    assert.isNull(await take())
    const inHour = await take()
    // 22:15:50, and the hour is full.
    assert.equal(inHour?.retryAfterSeconds, 44 * 60 + 10)
    assert.include(inHour?.message, 'uploads an hour (2)')
  })

  test('windows begin anew: {name}')
    .with([
      { name: 'minute', ends: Date.UTC(2999, 0, 30, 22, 15) },
      { name: 'hour', ends: Date.UTC(2999, 0, 30, 23) },
      { name: 'day', ends: Date.UTC(2999, 0, 31) },
      { name: 'month', ends: Date.UTC(2999, 1, 1) },
    ] as const)
    .run(async ({ assert }, { name, ends }) => {
      const rates = over(first)
      const take = () =>
        refusalOf(rates.takeUpload({ subject: 'a', limits: { ...NONE, [name]: 1 } }))

      assert.isNull(await take())
      now = ends - 1
      assert.isNotNull(await take())
      now = ends
      assert.isNull(await take())
    })

  test('what failed is given back', async ({ assert }) => {
    const rates = over(first)
    const take = () => rates.takeUpload({ subject: 'a', limits: { ...NONE, minute: 1, month: 1 } })
    const counted = await take()
    await counted.refund()
    await (await take()).refund()
    await take()

    assert.isNotNull(await refusalOf(take()))
  })

  test('Redis keeps neither the subject nor anything for good', async ({ assert }) => {
    await over(first).takeUpload({
      subject: 'address:198.51.100.7',
      limits: { minute: 5, hour: 5, day: 5, month: 5 },
    })
    const keys = await first.keys('*')

    assert.lengthOf(keys, 4)
    for (const key of keys) {
      assert.notInclude(key, '198.51.100.7')
      assert.isAbove(await first.pttl(key), 0)
    }
  })

  test('without Redis a process counts by itself', async ({ assert }) => {
    const away = new Redis('redis://127.0.0.1:1', {
      enableOfflineQueue: false,
      retryStrategy: () => null,
    })
    away.on('error', () => {})
    const rates = over(away)
    const take = () => rates.takeUpload({ subject: 'a', limits: { ...NONE, minute: 2 } })
    await take()
    await (await take()).refund()
    await take()

    assert.isNotNull(await refusalOf(take()))
    now += MINUTE
    assert.isNull(await refusalOf(take()))
    away.disconnect()
  })
})
