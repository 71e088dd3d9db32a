import { test } from '@japa/runner'
import fc from 'fast-check'
import { EventStoreError } from '#event_store/errors'
import { InMemoryEventStore } from '#event_store/in_memory_event_store'
import type { AppendRequest, EventStore } from '#event_store/port'
import { readSoundLog } from '#tests/contract/event_store_contract'
import { createTestDatabase } from '#tests/helpers/database'
import { openTestStore } from '#tests/helpers/event_store'
import { METADATA, renamed } from '#tests/helpers/events'

const request: fc.Arbitrary<AppendRequest> = fc.record(
  {
    stream: fc.constantFrom('album-1', 'album-2', 'album-3'),
    expectedVersion: fc.oneof(
      fc.constantFrom('any' as const, 'none' as const, 'exists' as const),
      fc.nat({ max: 4 })
    ),
    events: fc.array(
      fc
        .string({ minLength: 1, maxLength: 20 })
        .filter((name) => !name.includes('\0'))
        .map((name) => renamed(1, name)),
      { minLength: 1, maxLength: 3 }
    ),
    metadata: fc.constant(METADATA),
    command: fc.record({
      id: fc.constantFrom('c1', 'c2', 'c3'),
      fingerprint: fc.constantFrom('f1', 'f1', 'f2'),
    }),
    claims: fc.array(
      fc.record({
        action: fc.constantFrom('take' as const, 'release' as const),
        scope: fc.constant('email'),
        value: fc.constantFrom('a', 'b'),
      }),
      { maxLength: 1 }
    ),
    budgets: fc.array(
      fc.record({
        scope: fc.constantFrom('x', 'y'),
        delta: fc.integer({ min: -3, max: 5 }),
        limit: fc.option(fc.nat({ max: 9 })),
      }),
      { maxLength: 2 }
    ),
  },
  { requiredKeys: ['stream', 'expectedVersion', 'events', 'metadata'] }
)

async function outcomeOf(store: EventStore, append: AppendRequest): Promise<unknown> {
  try {
    const { eventIds, ...outcome } = await store.append(append)
    return { ...outcome, events: eventIds.length }
  } catch (error) {
    if (error instanceof EventStoreError) {
      return { code: error.code, message: error.message }
    }
    throw error
  }
}

test.group('Properties | event store', () => {
  test('any sequence of appends has the same outcomes on PostgreSQL as in memory', async ({
    assert,
  }) => {
    await fc.assert(
      fc.asyncProperty(fc.array(request, { maxLength: 25 }), async (requests) => {
        const database = await createTestDatabase()
        const durable = openTestStore(database.url)
        const model = new InMemoryEventStore()
        try {
          for (const append of requests) {
            assert.deepEqual(await outcomeOf(durable, append), await outcomeOf(model, append))
          }
          const strip = (events: Awaited<ReturnType<typeof readSoundLog>>) =>
            events.map(({ stream, version, type, data }) => ({ stream, version, type, data }))
          assert.deepEqual(
            strip(await readSoundLog(assert, durable)),
            strip(await readSoundLog(assert, model))
          )
        } finally {
          await durable.close()
          await database.drop()
        }
      }),
      { numRuns: 25 }
    )
  }).timeout(60_000)
})
