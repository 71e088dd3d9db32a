import type { HttpContext } from '@adonisjs/core/http'
import { test } from '@japa/runner'
import { LEASE_MILLISECONDS } from '#auth/stamp_lease'
import AcknowledgeMiddleware from '#http/middleware/acknowledge_middleware'

const DELETION_LINK = '/api/v1/sharex/delete/:secret'

/** How long after the work is done the answer is given. */
async function heldFor(method: string, pattern: string, fails = false): Promise<number> {
  const ctx = { request: { method: () => method }, route: { pattern } }
  let doneAt = 0
  const work = async () => {
    doneAt = performance.now()
    if (fails) {
      throw new Error('after the change')
    }
  }
  await new AcknowledgeMiddleware()
    .handle(ctx as unknown as HttpContext, work)
    .catch(() => undefined)
  return performance.now() - doneAt
}

test.group('Answers that acknowledge changes', () => {
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
    test(`to ${method} are held for longer than a lease, also when they tell of an error`, async ({
      assert,
    }) => {
      for (let round = 0; round < 20; round++) {
        assert.isAbove(await heldFor(method, '/api/v1/images', round % 2 === 0), LEASE_MILLISECONDS)
      }
    })
  }

  test('to links that change something when they are followed are held as well', async ({
    assert,
  }) => {
    assert.isAbove(await heldFor('GET', DELETION_LINK), LEASE_MILLISECONDS)
  })

  test('to those who only read are not held', async ({ assert }) => {
    const held = await Promise.all(
      Array.from({ length: 20 }, () => heldFor('GET', '/api/v1/images'))
    )
    assert.isBelow(Math.min(...held), LEASE_MILLISECONDS)
  })
})
