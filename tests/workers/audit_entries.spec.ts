import { test } from '@japa/runner'
import { catalogue } from '#domain/catalogue'
import { tell } from '#domain/audit/tell'
import { InMemoryEventStore } from '#event_store/in_memory_event_store'
import type { NewEvent } from '#event_store/port'
import { METADATA, removalData, uploaded } from '#tests/helpers/events'
import { AuditEntries } from '#workers/audit_entries'
import { AUDIT_CASES } from './audit_cases.ts'

async function record(store: InMemoryEventStore, stream: string, events: readonly NewEvent[]) {
  for (const event of events) {
    await store.append({ stream, expectedVersion: 'any', events: [event], metadata: METADATA })
  }
}

function readAll(store: InMemoryEventStore) {
  return store.readAll({ after: 0, limit: 1_000 })
}

test.group('Audit entries', () => {
  test('every type of event that there is has a case here', ({ assert }) => {
    assert.sameMembers(
      Object.keys(AUDIT_CASES),
      catalogue.map(({ type }) => type)
    )
  })

  test('{0}: what was before, what is since')
    .with(Object.entries(AUDIT_CASES))
    .run(async ({ assert }, [type, { stream, events, told }]) => {
      const store = new InMemoryEventStore()
      await record(store, stream, events)
      const log = await readAll(store)
      const event = log.at(-1)
      const entry = (await new AuditEntries(store).of(log)).find(({ id }) => id === log.length)

      assert.equal(event?.type, type)
      if (event === undefined || entry === undefined) {
        assert.isNull(told)
        return
      }
      assert.deepEqual(tell(event, await store.readAt(entry.earlier)), told)
      assert.deepEqual(entry, {
        id: event.position,
        event_id: event.id,
        actor_kind: 'account',
        actor_user_id: 1,
        action: type,
        resource_type: stream.split('-')[0],
        resource_id: stream.split('-')[1] ?? null,
        earlier: entry.earlier,
        created_at: event.recordedAt,
      })
    })

  test('an event alone and all at once come to the same entries', async ({ assert }) => {
    const store = new InMemoryEventStore()
    for (const { stream, events } of Object.values(AUDIT_CASES)) {
      await record(store, stream, events)
    }
    const log = await readAll(store)
    const atOnce = await new AuditEntries(store).of(log)
    const one = new AuditEntries(store)
    const backwards = []
    for (const event of log.toReversed()) {
      backwards.push(...(await one.of([event])))
    }
    assert.deepEqual(backwards.toReversed(), atOnce)
  })

  test('uploads and their ends have entries while the site wants them', async ({ assert }) => {
    const store = new InMemoryEventStore()
    const want = (audited: boolean): NewEvent => ({
      type: 'site.settings_changed',
      data: { changes: { audit_upload_logs: audited } },
    })
    const other: NewEvent = { type: 'site.settings_changed', data: { changes: { app_name: 'A' } } }
    const entries = new AuditEntries(store)
    await record(store, 'image-1', [uploaded(1)])
    const first = await entries.of(await readAll(store))
    await record(store, 'site', [want(false), other])
    await record(store, 'image-2', [uploaded(2)])
    await record(store, 'image-1', [{ type: 'image.expired', data: removalData(uploaded(1).data) }])
    await record(store, 'image-2', [{ type: 'image.deleted', data: removalData(uploaded(2).data) }])
    await record(store, 'site', [want(true)])
    await record(store, 'image-3', [uploaded(3)])
    const later = await entries.of((await readAll(store)).slice(1))
    const all = await new AuditEntries(store).of(await readAll(store))

    assert.deepEqual([...first, ...later], all)
    assert.deepEqual(
      all.map(({ action, resource_id: id }) => `${action} ${id}`),
      [
        'image.uploaded 1',
        'site.settings_changed null',
        'site.settings_changed null',
        'image.deleted 2',
        'site.settings_changed null',
        'image.uploaded 3',
      ]
    )
  })

  test('who signs in or registers is who acted; who fails is not', async ({ assert }) => {
    const store = new InMemoryEventStore()
    const actor = { kind: 'anonymous', id: null, account_id: null } as const
    const events: NewEvent[] = [
      ...AUDIT_CASES['account.registered'].events,
      { type: 'account.sign_in_failed', data: { account_id: 1, reason: 'password' } },
      { type: 'account.signed_in', data: { account_id: 1 } },
    ]
    await store.append({
      stream: 'account-1',
      expectedVersion: 'none',
      events,
      metadata: { ...METADATA, actor },
    })
    const entries = await new AuditEntries(store).of(await readAll(store))
    assert.deepEqual(
      entries.map(({ actor_user_id: id }) => id),
      [1, null, 1]
    )
  })

  test('nothing of a person is in an entry', async ({ assert }) => {
    const store = new InMemoryEventStore()
    for (const { stream, events } of Object.values(AUDIT_CASES)) {
      await record(store, stream, events)
    }
    const entries = JSON.stringify(await new AuditEntries(store).of(await readAll(store)))
    for (const personal of ['Ann', 'example.org', 'sea.jpg', '203.0.113.7', 'tests']) {
      assert.notInclude(entries, personal)
    }
  })
})
