import { test } from '@japa/runner'
import { InMemoryEventStore } from '#event_store/in_memory_event_store'
import type { CommandContext } from '#handlers/command_context'
import { createVisitorHandlers } from '#handlers/visitor'

const CONTEXT: CommandContext = {
  actor: { kind: 'anonymous', id: null, account_id: null },
  correlationId: 'tests',
  causationId: null,
  ip: '203.0.113.7',
  userAgent: 'tests',
  source: 'api',
}

test.group('Failed sign-ins to unknown accounts', () => {
  test('are recorded once an hour for an address', async ({ assert }) => {
    const store = new InMemoryEventStore()
    const { recordUnknownSignIn } = createVisitorHandlers({ store })
    const moments = ['2026-06-01T11:00:00.000Z', '2026-06-01T11:59:59.999Z']
    for (const now of [...moments, '2026-06-01T12:00:00.000Z', '2026-06-02T11:00:00.000Z']) {
      await recordUnknownSignIn(now, CONTEXT)
    }
    const events = await store.readAll({ after: 0, limit: 10 })
    assert.deepEqual(
      events.map(({ stream, data, metadata }) => [stream, data, metadata.ip]),
      [
        ['visitor-20260601', { reason: 'unknown_account' }, CONTEXT.ip],
        ['visitor-20260601', { reason: 'unknown_account' }, CONTEXT.ip],
        ['visitor-20260602', { reason: 'unknown_account' }, CONTEXT.ip],
      ]
    )
  })

  test('do not fill the log, from however many addresses they come', async ({ assert }) => {
    const store = new InMemoryEventStore()
    const { recordUnknownSignIn } = createVisitorHandlers({ store })
    for (let address = 0; address < 1_000; address++) {
      const ip = `198.51.${address >> 8}.${address & 255}`
      await recordUnknownSignIn('2026-06-01T11:00:00.000Z', { ...CONTEXT, ip })
    }
    const { position } = await store.head()
    assert.isAbove(position, 10)
    assert.isAtMost(position, 32)
  })
})
