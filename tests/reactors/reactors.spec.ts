import { test } from '@japa/runner'
import type { EventType } from '#domain/catalogue'
import { InMemoryEventStore } from '#event_store/in_memory_event_store'
import type { NewEvent, RecordedEvent } from '#event_store/port'
import { reactors } from '#reactors/registry'
import { METADATA, removalData, uploadData, uploaded } from '#tests/helpers/events'

async function record(event: NewEvent): Promise<RecordedEvent> {
  const store = new InMemoryEventStore()
  await store.append({
    stream: 'image-7',
    expectedVersion: 'any',
    events: [event],
    metadata: METADATA,
  })
  const [recorded] = await store.readAll({ after: 0, limit: 1 })
  if (recorded === undefined) {
    throw new Error('The event was not recorded')
  }
  return recorded
}

async function queuesFor(event: NewEvent): Promise<string[]> {
  const recorded = await record(event)
  return reactors.flatMap((react) => react(recorded)?.queue ?? [])
}

const NOON = '2026-06-01T12:00:00.000Z'

test.group('Reactors', () => {
  test('an upload asks for a thumbnail and an entry in the audit log', async ({ assert }) => {
    assert.deepEqual(await queuesFor(uploaded(7)), ['thumbnails', 'audit'])
  })

  test('an image with an end is looked at when it comes', async ({ assert }) => {
    const recorded = await record(uploaded(7, { expires_at: NOON }))
    const reaction = reactors.map((react) => react(recorded)).find((one) => one?.queue === 'expiry')
    assert.deepEqual(reaction, { queue: 'expiry', payload: { image_id: 7 }, runAt: NOON })
    const changed = (to: string | null): NewEvent => ({
      type: 'image.expiry_changed',
      data: { image_id: 7, from: null, to },
    })
    assert.deepEqual(await queuesFor(changed(NOON)), ['expiry', 'audit'])
    assert.deepEqual(await queuesFor(changed(null)), ['audit'])
  })

  test('what workers record asks for nothing, or jobs would have no end', async ({ assert }) => {
    const byWorkers: NewEvent[] = [
      {
        type: 'image.thumbnail_generated',
        data: {
          image_id: 7,
          md5: uploadData(7).md5,
          object_key: 'x',
          mimetype: 'image/webp',
          size_bytes: 1,
          width: 1,
          height: 1,
          thumbhash: '3OcRJYB4d3h/iIeHeEh3eIhw+j2w',
        },
      },
      { type: 'image.thumbnail_failed', data: { image_id: 7, reason: 'damaged' } },
      {
        type: 'image.object_removed',
        data: { image_id: 7, strategy_id: 1, object_key: 'x', sha256: null },
      },
    ]
    for (const event of byWorkers) {
      assert.deepEqual(await queuesFor(event), [])
    }
    const expired: EventType = 'image.expired'
    assert.deepEqual(await queuesFor({ type: expired, data: removalData(uploadData(7)) }), [
      'audit',
      'storage',
    ])
  })

  test('a payload holds ids and nothing of a person', async ({ assert }) => {
    const recorded = await record(uploaded(7, { origin_name: 'my-holiday.jpg', expires_at: NOON }))
    const payloads = JSON.stringify(reactors.map((react) => react(recorded)))
    assert.notInclude(payloads, 'holiday')
    assert.notInclude(payloads, METADATA.ip ?? '')
  })
})
