import fc from 'fast-check'
import { test } from '@japa/runner'
import { RateCounter, type Grant } from '#http/rate_counter'

const SECOND = 1_000
const MINUTE = 60 * SECOND

/** A count that all share, as Redis keeps it. */
class SharedCount {
  asked = 0
  /** How long the time still lasts. */
  #milliseconds: number

  #used = 0
  readonly #tries: number

  constructor(tries: number, milliseconds = MINUTE) {
    this.#tries = tries
    this.#milliseconds = milliseconds
  }

  /** The time begins anew, and others have used so many tries of it. */
  beginAnew(used: number): void {
    this.#used = used
    this.#milliseconds = MINUTE
  }

  readonly ask = async (tries: number): Promise<Grant> => {
    this.asked += 1
    const granted = Math.max(0, Math.min(tries, this.#tries - this.#used))
    this.#used += granted
    return { granted, used: this.#used, milliseconds: this.#milliseconds }
  }
}

test.group('Counting tries', () => {
  test('several processes allow as many as the limit has, whoever asks when', async ({
    assert,
  }) => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 600 }),
        fc.array(fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 1, maxLength: 5 }), {
          maxLength: 300,
          size: 'max',
        }),
        async (limit, bursts) => {
          const shared = new SharedCount(limit)
          const rate = { tries: limit, seconds: 60 }
          const counters = [0, 1, 2].map(() => new RateCounter(rate, shared.ask))
          let allowed = 0
          for (const burst of bursts) {
            const allowances = await Promise.all(
              burst.map(async (process) => counters[process]?.take())
            )
            allowed += allowances.filter((allowance) => allowance?.allowed).length
          }
          const tries = bursts.flat().length
          // What the other two may have taken ahead and not needed.
          const unused = 2 * Math.floor(limit / 64)
          assert.isAtMost(allowed, limit)
          assert.isAtLeast(allowed, Math.min(tries, limit - unused))
        }
      ),
      { numRuns: 60 }
    )
  })

  test('one process says what is left, one try after the other', async ({ assert }) => {
    const shared = new SharedCount(1_000)
    const counter = new RateCounter({ tries: 1_000, seconds: 60 }, shared.ask)
    for (let left = 999; left >= 0; left--) {
      const { allowed, remaining, limit } = await counter.take()
      assert.deepEqual(
        { allowed, remaining, limit },
        { allowed: true, remaining: left, limit: 1_000 }
      )
    }
    const refused = await counter.take()

    assert.isFalse(refused.allowed)
    assert.equal(refused.remaining, 0)
    assert.isAtLeast(refused.resetSeconds, 59)
    assert.isBelow(shared.asked, 400)
  })

  test('the tries of a small limit are counted one by one', async ({ assert }) => {
    const shared = new SharedCount(60)
    const counter = new RateCounter({ tries: 60, seconds: 60 }, shared.ask)
    for (let tries = 1; tries <= 60; tries++) {
      await counter.take()
      assert.equal(shared.asked, tries)
    }
  })

  test('what was taken ahead ends with its time', async ({ assert }) => {
    const shared = new SharedCount(6_400, SECOND)
    const counter = new RateCounter({ tries: 6_400, seconds: 60 }, shared.ask)
    for (let tries = 0; tries < 100; tries++) {
      await counter.take()
    }
    // Others have used up what the new time has, all but three.
    shared.beginAnew(6_397)
    const later = performance.now() + SECOND
    const allowances = []
    for (let tries = 0; tries < 6; tries++) {
      allowances.push(await counter.take(later))
    }
    assert.deepEqual(
      allowances.map(({ allowed }) => allowed),
      [true, true, true, false, false, false]
    )
  })

  test('nobody waits for the count who comes quickly and steadily', async ({ assert }) => {
    const shared = new SharedCount(100_000)
    const counter = new RateCounter({ tries: 100_000, seconds: 60 }, shared.ask)
    let waited = 0
    for (let tries = 0; tries < 2_000; tries++) {
      const allowance = counter.take()
      waited += allowance instanceof Promise ? 1 : 0
      await allowance
      await Promise.resolve()
    }
    assert.isBelow(waited, 6)
    assert.isBelow(shared.asked, 200)
  })

  test('who cannot be counted is told so, and the next is counted again', async ({ assert }) => {
    let away = true
    const shared = new SharedCount(5)
    const counter = new RateCounter({ tries: 5, seconds: 60 }, async (tries) => {
      if (away) {
        throw new Error('away')
      }
      return shared.ask(tries)
    })
    const outcomes = await Promise.allSettled([counter.take(), counter.take()])
    away = false

    assert.deepEqual(
      outcomes.map(({ status }) => status),
      ['rejected', 'rejected']
    )
    assert.equal((await counter.take()).remaining, 4)
  })
})
