import { test } from '@japa/runner'
import { InMemoryEventStore } from '#event_store/in_memory_event_store'
import type { NewEvent } from '#event_store/port'
import { mail } from '#reactors/mail'
import { METADATA } from '#tests/helpers/events'

async function reactionTo(event: NewEvent) {
  const store = new InMemoryEventStore()
  await store.append({
    stream: 'account-7',
    expectedVersion: 'any',
    events: [event],
    metadata: METADATA,
  })
  const [recorded] = await store.readAll({ after: 0, limit: 1 })
  return recorded === undefined ? undefined : mail(recorded)
}

test.group('Mails that are owed', () => {
  test('are those that were asked for, by ids alone', async ({ assert }) => {
    const data = { account_id: 7 }
    const verification = await reactionTo({ type: 'account.verification_requested', data })
    const reset = await reactionTo({ type: 'account.password_reset_requested', data })
    const other = await reactionTo({ type: 'account.email_verified', data })

    assert.deepEqual(verification, {
      queue: 'mail',
      payload: { purpose: 'verify_email', account_id: 7 },
      runAt: null,
    })
    assert.deepEqual(reset, {
      queue: 'mail',
      payload: { purpose: 'reset_password', account_id: 7 },
      runAt: null,
    })
    assert.isNull(other)
  })
})
