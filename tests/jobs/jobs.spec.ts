import { setTimeout as delay } from 'node:timers/promises'
import { test } from '@japa/runner'
import { POLICIES } from '#jobs/queues'
import { waitFor } from '#tests/helpers/wait_for'
import { JobStage, NotingProcessor } from './job_stage.ts'

test.group('Jobs', (group) => {
  let stage: JobStage
  let thumbnails: NotingProcessor
  let audit: NotingProcessor

  group.each.setup(async () => {
    stage = await JobStage.open()
    thumbnails = new NotingProcessor('thumbnails')
    audit = new NotingProcessor('audit')
    return () => stage.close()
  })

  const keysOf = (processor: NotingProcessor) =>
    processor.done.map(({ reactionKey }) => reactionKey).sort()

  test('each event is worked on once, whoever relays and dispatches', async ({ assert }) => {
    stage.relay()
    stage.relay()
    stage.dispatcher()
    stage.dispatcher()
    stage.workers(thumbnails, audit)
    await stage.upload(1, 60)
    await waitFor(
      async () =>
        (await stage.count('done', 'thumbnails')) === 60 &&
        (await stage.count('done', 'audit')) === 60,
      { what: 'all work to be settled', timeoutMs: 20_000 }
    )
    for (const processor of [thumbnails, audit]) {
      assert.lengthOf(processor.done, 60)
      assert.equal(new Set(keysOf(processor)).size, 60)
    }
    assert.deepEqual(
      thumbnails.done.map(({ payload }) => payload.image_id).sort((a, b) => Number(a) - Number(b)),
      Array.from({ length: 60 }, (_, index) => index + 1)
    )
  }).timeout(30_000)

  test('work is taken while what was done before it is being settled, and stopping waits for that', async ({
    assert,
  }) => {
    const { promise: released, resolve: release } = Promise.withResolvers<void>()
    const settle = stage.ledger.settle.bind(stage.ledger)
    stage.ledger.settle = (key) => released.then(() => settle(key))
    stage.relay()
    stage.dispatcher()
    const workers = stage.workers(thumbnails)
    const many = POLICIES.thumbnails.concurrency * 5
    await stage.upload(1, many)
    await waitFor(() => thumbnails.done.length === many, { what: 'all work to be done' })
    assert.equal(await stage.count('dispatched', 'thumbnails'), many)
    const stopped = workers.stop()
    release()
    await stopped
    assert.equal(await stage.count('done', 'thumbnails'), many)
  }).timeout(30_000)

  test('work that was done while the database was away is settled when it is back', async ({
    assert,
  }) => {
    const settle = stage.ledger.settle.bind(stage.ledger)
    let refusals = 0
    stage.ledger.settle = (key) =>
      (refusals += 1) <= 6 ? Promise.reject(new Error('away')) : settle(key)
    stage.relay()
    stage.dispatcher()
    stage.workers(thumbnails)
    await stage.upload(1, 3)
    await waitFor(async () => (await stage.count('done', 'thumbnails')) === 3, {
      what: 'the work to be settled',
      timeoutMs: 10_000,
    })
    assert.lengthOf(thumbnails.done, 3)
    assert.isAbove(refusals, 6)
  }).timeout(20_000)

  test('work that failed while the database was away is tried again', async ({ assert }) => {
    const fail = stage.ledger.fail.bind(stage.ledger)
    let refusals = 0
    stage.ledger.fail = (...given) =>
      (refusals += 1) <= 3 ? Promise.reject(new Error('away')) : fail(...given)
    thumbnails.failing = ({ attempt }) => attempt === 1
    stage.relay()
    stage.dispatcher()
    stage.workers(thumbnails)
    await stage.upload(1, 1)
    await waitFor(async () => (await stage.count('done', 'thumbnails')) === 1, {
      what: 'the second try',
      timeoutMs: 15_000,
    })
    assert.equal(thumbnails.done[0]?.attempt, 2)
  }).timeout(20_000)

  test('what could be neither handed over nor given back is given back later', async ({
    assert,
  }) => {
    stage.relay()
    await stage.upload(1, 4)
    await waitFor(async () => (await stage.count('owed', 'thumbnails')) === 4, { what: 'the work' })
    const unclaim = stage.ledger.unclaim.bind(stage.ledger)
    const claim = stage.ledger.claim.bind(stage.ledger)
    let lost = false
    stage.ledger.claim = async (...given) => {
      const claimed = await claim(...given)
      // Redis refuses what is no name of a job: the handing over fails once.
      return lost ? claimed : claimed.map((work) => ({ ...work, runAt: new Date(Number.NaN) }))
    }
    stage.ledger.unclaim = async (keys) => {
      if (!lost) {
        lost = true
        throw new Error('away')
      }
      await unclaim(keys)
    }
    stage.dispatcher()
    stage.workers(thumbnails)
    await waitFor(async () => (await stage.count('done', 'thumbnails')) === 4, {
      what: 'the work',
      timeoutMs: 10_000,
    })
    assert.isTrue(thumbnails.done.every(({ attempt }) => attempt === 1))
  }).timeout(20_000)

  test('work that Redis forgot is handed over again', async ({ assert }) => {
    stage.relay()
    const dispatcher = stage.dispatcher()
    stage.reconciler()
    await stage.upload(1, 20)
    await waitFor(async () => (await stage.count('dispatched', 'thumbnails')) === 20, {
      what: 'all work to be handed over',
    })
    await stage.flushRedis()
    stage.workers(thumbnails)
    await waitFor(
      async () => {
        dispatcher.wake()
        return (await stage.count('done', 'thumbnails')) === 20
      },
      { what: 'all work to be settled', timeoutMs: 20_000 }
    )
    assert.lengthOf(thumbnails.done, 20)
  }).timeout(30_000)

  test('work that fails is tried again, and given up after enough tries', async ({ assert }) => {
    stage.relay()
    const dispatcher = stage.dispatcher()
    thumbnails.failing = ({ payload, attempt }) =>
      payload.image_id === 1 || (payload.image_id === 2 && attempt === 1)
    stage.workers(thumbnails)
    await stage.upload(1, 3)
    await waitFor(
      async () => {
        await stage.pool.query(`update run.job_ledger set run_at = now() where state = 'owed'`)
        dispatcher.wake()
        return (await stage.count('dead', 'thumbnails')) === 1
      },
      { what: 'the hopeless work to be given up', timeoutMs: 20_000, everyMs: 50 }
    )
    await waitFor(async () => (await stage.count('done', 'thumbnails')) === 2, {
      what: 'the rest to be settled',
    })
    assert.lengthOf(thumbnails.givenUp, 1)
    const { rows } = await stage.pool.query<{ attempt: number; last_error: string }>(
      `select attempt, last_error from run.job_ledger where state = 'dead'`
    )
    assert.equal(rows[0]?.attempt, POLICIES.thumbnails.maximumAttempts)
    assert.include(rows[0]?.last_error, 'told to fail')

    thumbnails.failing = () => false
    assert.equal(await stage.ledger.reviveDead('thumbnails'), 1)
    await waitFor(async () => (await stage.count('done', 'thumbnails')) === 3, {
      what: 'the revived work to be settled',
    })
  }).timeout(30_000)

  test('work that was taken and never settled is handed over again, and at last given up', async ({
    assert,
  }) => {
    const givenUp: string[] = []
    stage.relay()
    const reconciler = stage.idleReconciler((key) => givenUp.push(key))
    await stage.upload(1, 1)
    await waitFor(async () => (await stage.count('owed', 'thumbnails')) === 1, { what: 'the work' })
    for (let attempt = 1; attempt <= POLICIES.thumbnails.maximumAttempts; attempt++) {
      const claimed = await stage.ledger.claim(10)
      assert.isTrue(claimed.some((work) => work.queue === 'thumbnails' && work.attempt === attempt))
      await stage.pool.query(
        `update run.job_ledger set dispatched_at = now() - interval '1 hour', run_at = now() - interval '1 hour'
         where queue = 'thumbnails'`
      )
      await reconciler.sweep()
    }
    assert.equal(await stage.count('dead', 'thumbnails'), 1)
    assert.lengthOf(givenUp, 1)
  }).timeout(30_000)

  test('work that waits longer than its time-out for a worker is neither handed over again nor given up', async ({
    assert,
    cleanup,
  }) => {
    const { promise: released, resolve: release } = Promise.withResolvers<void>()
    cleanup(() => release())
    const givenUp: string[] = []
    const many = POLICIES.thumbnails.concurrency + 20
    const claim = stage.ledger.claim.bind(stage.ledger)
    const anHourAgo = new Date(Date.now() - 3_600_000)
    stage.ledger.claim = async (...given) => {
      const claimed = await claim(...given)
      await stage.pool.query(
        `update run.job_ledger set dispatched_at = $1, run_at = $1 where state = 'dispatched'`,
        [anHourAgo]
      )
      return claimed.map((work) => ({ ...work, claimedAt: anHourAgo, runAt: anHourAgo }))
    }
    thumbnails.until = () => released
    stage.relay()
    await stage.upload(1, many)
    await waitFor(async () => (await stage.count('owed', 'thumbnails')) === many, {
      what: 'the work',
    })
    stage.workers(thumbnails)
    const dispatcher = stage.dispatcher()
    await waitFor(async () => (await stage.count('dispatched', 'thumbnails')) === many, {
      what: 'the work to be handed over',
    })
    const begunNow = async () => {
      const { rows } = await stage.pool.query<{ n: number }>(
        `select count(*)::integer as n from run.job_ledger where dispatched_at > $1`,
        [new Date(anHourAgo.getTime() + 60_000)]
      )
      return rows[0]?.n
    }
    await waitFor(async () => (await begunNow()) === POLICIES.thumbnails.concurrency, {
      what: 'some of it to be begun',
    })
    const reconciler = stage.idleReconciler((key) => givenUp.push(key), dispatcher)
    for (let attempt = 0; attempt <= POLICIES.thumbnails.maximumAttempts; attempt++) {
      assert.deepEqual(await reconciler.sweep(), { reclaimed: 0, dead: 0 })
    }
    release()
    await waitFor(async () => (await stage.count('done', 'thumbnails')) === many, {
      what: 'all work to be settled',
    })
    assert.lengthOf(thumbnails.done, many)
    assert.isTrue(thumbnails.done.every(({ attempt }) => attempt === 1))
    assert.deepEqual(givenUp, [])
  }).timeout(30_000)

  test('work that is begun soon is not told to the ledger once more', async ({ assert }) => {
    const begun: string[] = []
    const [begin, claim] = [
      stage.ledger.begin.bind(stage.ledger),
      stage.ledger.claim.bind(stage.ledger),
    ]
    stage.ledger.begin = (keys) => {
      begun.push(...keys)
      return begin(keys)
    }
    const aSecondAgo = new Date(Date.now() - 1_000)
    stage.ledger.claim = async (...given) =>
      (await claim(...given)).map((work) => ({ ...work, claimedAt: aSecondAgo }))
    stage.relay()
    stage.workers(thumbnails)
    stage.dispatcher()
    await stage.upload(1, 3)
    await waitFor(async () => (await stage.count('done', 'thumbnails')) === 3, {
      what: 'the work to be settled',
    })
    assert.lengthOf(thumbnails.done, 3)
    assert.deepEqual(begun, [])
  })

  test('of a long queue no more than Redis is to hold is handed over, and other queues go on', async ({
    assert,
  }) => {
    const dispatcher = stage.dispatcher()
    await stage.pool.query(
      `insert into run.job_ledger (reaction_key, queue, event_id, event_position, payload, run_at)
       select 'thumbnails-' || n, 'thumbnails', gen_random_uuid(), n, '{}', now() - interval '1 hour'
       from generate_series(1, 12500) as n`
    )
    await waitFor(
      async () => {
        dispatcher.wake()
        return (await stage.count('dispatched', 'thumbnails')) >= 10_000
      },
      { what: 'what Redis holds', timeoutMs: 30_000 }
    )
    stage.relay()
    await stage.upload(1, 3)
    stage.workers(audit)
    await waitFor(
      async () => {
        dispatcher.wake()
        return audit.done.length === 3
      },
      { what: 'the work of another queue', timeoutMs: 15_000 }
    )
    assert.equal(await stage.count('dispatched', 'thumbnails'), 10_000)
    stage.workers(thumbnails)
    await waitFor(
      async () => {
        dispatcher.wake()
        return (await stage.count('done', 'thumbnails')) === 12_503
      },
      { what: 'all work', timeoutMs: 60_000, everyMs: 100 }
    )
    assert.isTrue(thumbnails.done.every(({ attempt }) => attempt === 1))
  }).timeout(120_000)

  test('while web servers are busy, the place of heavy work stays empty four times as long as it took', async ({
    assert,
  }) => {
    const took = 50
    const { concurrency, rests = 0 } = POLICIES.thumbnails
    thumbnails.until = () => delay(took)
    stage.isBusy = () => true
    stage.relay()
    await stage.upload(1, 3 * concurrency)
    await waitFor(async () => (await stage.count('owed', 'thumbnails')) === 3 * concurrency, {
      what: 'the work',
    })
    const begunAt = performance.now()
    stage.workers(thumbnails)
    stage.dispatcher()
    await waitFor(() => thumbnails.done.length === 3 * concurrency, { what: 'the work' })
    assert.isAtLeast(performance.now() - begunAt, 3 * took + 2 * rests * took)
  }).timeout(30_000)

  test('light work takes no rest', async ({ assert }) => {
    let looks = 0
    stage.isBusy = () => (looks += 1) > 0
    stage.relay()
    stage.dispatcher()
    stage.workers(audit)
    await stage.upload(1, 5)
    await waitFor(async () => (await stage.count('done', 'audit')) === 5, { what: 'the work' })
    assert.equal(looks, 0)
  })

  test('while Redis is away work is owed, not lost', async ({ assert }) => {
    stage.relay()
    await stage.upload(1, 5)
    await waitFor(async () => (await stage.count('owed', 'thumbnails')) === 5, { what: 'the work' })
    const claimed = await stage.ledger.claim(100)
    await stage.ledger.unclaim(claimed.map(({ reactionKey }) => reactionKey))
    assert.equal(await stage.count('owed', 'thumbnails'), 5)
    stage.dispatcher()
    stage.workers(thumbnails, audit)
    await waitFor(async () => (await stage.count('done', 'thumbnails')) === 5, {
      what: 'all work to be settled',
    })
    assert.deepEqual(new Set(thumbnails.done.map(({ attempt }) => attempt)), new Set([1]))
  }).timeout(30_000)

  test('work for a later time waits for it', async ({ assert }) => {
    const expiry = new NotingProcessor('expiry')
    stage.relay()
    stage.dispatcher()
    stage.workers(expiry)
    const soon = new Date(Date.now() + 1_500)
    await stage.upload(1, 1, soon.toISOString())
    await stage.upload(2, 1, new Date(Date.now() + 7 * 86_400_000).toISOString())
    await waitFor(() => expiry.done.length === 1, { what: 'the work that is due' })
    assert.isAtLeast(Date.now(), soon.getTime() - 5)
    assert.deepEqual(
      expiry.done.map(({ payload }) => payload.image_id),
      [1]
    )
    assert.equal(await stage.count('owed', 'expiry'), 1)
  }).timeout(30_000)
})
