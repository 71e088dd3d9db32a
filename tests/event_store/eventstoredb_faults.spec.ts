import { test } from '@japa/runner'
import type { EventStoreDbEventStoreOptions } from '#event_store/eventstoredb_event_store'
import { readSoundLog } from '#tests/contract/event_store_contract'
import { createTestDatabase, type TestDatabase } from '#tests/helpers/database'
import { EventStoreDbServer, type Call, type Fault } from '#tests/helpers/eventstoredb/server'
import { attach, drawNamespace, openEventStoreDb } from '#tests/helpers/eventstoredb/store'
import { METADATA, renamed } from '#tests/helpers/events'
import { waitFor } from '#tests/helpers/wait_for'

const CLAIM = { action: 'take', scope: 'image_key', value: 'abc' } as const
const COMMAND = { id: 'command-1', fingerprint: 'body' }

function request(stream: string, changes: object = {}) {
  return {
    stream,
    expectedVersion: 'none' as const,
    events: [renamed(1, stream)],
    metadata: METADATA,
    ...changes,
  }
}

const GUARDED = {
  claims: [CLAIM],
  budgets: [{ scope: 'b', delta: 6, limit: 10 }],
  command: COMMAND,
}

for (const batchAppend of [true, false]) {
  const call: Call = batchAppend ? 'batch_append' : 'append'

  test.group(`EventStoreDB event store | faults, ${call}`, (group) => {
    let server: EventStoreDbServer
    let database: TestDatabase
    let namespace: string
    let closing: Array<() => Promise<void>>

    const open = (options: Partial<EventStoreDbEventStoreOptions> = {}) => {
      const store = openEventStoreDb({
        connectionString: database.url,
        url: server.url,
        namespace,
        ...options,
      })
      closing.push(() => store.close())
      return store
    }

    /** The next calls of a kind fail so, one fault a call. */
    const failNext = (kind: Call, ...faults: Fault[]) => {
      server.fault = (one) => (one === kind ? (faults.shift() ?? null) : null)
    }

    group.each.setup(async () => {
      server = await EventStoreDbServer.start({ batchAppend })
      database = await createTestDatabase()
      namespace = drawNamespace()
      closing = []
      await attach(database.url, namespace)
      return async () => {
        for (const close of closing) {
          await close()
        }
        await server.stop()
        await database.drop()
      }
    })

    test('an answer that is lost with its connection is asked for again, and nothing is written twice', async ({
      assert,
    }) => {
      const store = open()
      for (const written of [true, false]) {
        failNext(call, { kind: 'unavailable', written }, { kind: 'unavailable' })
        const outcome = await store.append(
          request('album-1', { expectedVersion: 'any', events: [renamed(1, 'a'), renamed(1, 'b')] })
        )
        assert.lengthOf(outcome.eventIds, 2)
      }
      assert.lengthOf(await readSoundLog(assert, store), 4)
    })

    test('an append goes to the leader that a follower names', async ({ assert }) => {
      const leader = await EventStoreDbServer.start({ batchAppend, log: server.log })
      closing.push(() => leader.stop())
      server.fault = (one) =>
        one === call || one === 'read' ? { kind: 'not_leader', leader } : null
      const store = open()
      await store.append(request('album-1'))
      assert.isAbove(leader.calls[call], 0)
      assert.lengthOf(await readSoundLog(assert, store), 1)
    })

    test('a server that does not answer is asked again after a time', async ({ assert }) => {
      const store = open({ callMs: 150 })
      failNext(call, { kind: 'silent', written: true })
      await store.append(request('album-1'))
      failNext('read', { kind: 'silent' })
      await store.append(request('album-2'))
      assert.lengthOf(await readSoundLog(assert, store), 2)
    })

    test('a read that breaks in the middle is made again', async ({ assert }) => {
      const store = open()
      failNext('read', { kind: 'unavailable', after: 1 }, { kind: 'unavailable', after: 0 })
      const events = Array.from({ length: 20 }, (_, index) => renamed(1, `n${index}`))
      await store.append(request('album-1', { events }))
      assert.lengthOf(await readSoundLog(assert, store), 20)
    })

    test('a subscription that is dropped goes on, and shows what others have appended', async ({
      assert,
    }) => {
      const writer = open()
      const reader = open()
      const seen: number[] = []
      const subscription = reader.subscribe({ after: 0 }, ({ events }) => {
        seen.push(...events.map(({ position }) => position))
      })
      for (let round = 1; round <= 3; round++) {
        await waitFor(() => server.subscribers > 0, { what: 'a subscription' })
        await writer.append(request(`album-${round}`))
        await waitFor(() => seen.length === round, { what: 'the event' })
        server.dropSubscriptions()
      }
      await subscription.close()
      assert.deepEqual(seen, [1, 2, 3])
    })

    test('what a process wrote and did not live to copy is copied and settled by another', async ({
      assert,
    }) => {
      const dying = open({ callMs: 100, patienceMs: 50 })
      server.fault = (one) => (one === call ? { kind: 'silent', written: true } : null)
      await assert.rejects(() => dying.append(request('image-1', GUARDED)), /EventStoreDB/)
      server.fault = () => null

      const other = open()
      other.onAppended(() => {})
      await waitFor(async () => (await other.head()).position === 1, { what: 'the copy' })
      assert.equal(await other.findClaim(CLAIM.scope, CLAIM.value), 'image-1')
      assert.isTrue((await other.append(request('image-1', GUARDED))).repeated)
      await assert.rejects(
        () => other.append(request('image-2', { budgets: GUARDED.budgets })),
        /holds 6 of 10/
      )
      await readSoundLog(assert, other)
    })

    test('what a process reserved and did not write is given up past its deadline', async ({
      assert,
    }) => {
      const dying = open({ callMs: 100, patienceMs: 50, reservationSeconds: 1 })
      server.fault = (one) => (one === call ? { kind: 'unavailable' } : null)
      await assert.rejects(() => dying.append(request('image-1', GUARDED)), /EventStoreDB/)
      server.fault = () => null

      const other = open()
      const outcome = await other.append(request('image-2', GUARDED))
      assert.isFalse(outcome.repeated)
      assert.equal(await other.findClaim(CLAIM.scope, CLAIM.value), 'image-2')
      assert.lengthOf(await readSoundLog(assert, other), 1)
    })

    test('several processes copy at once and agree', async ({ assert }) => {
      const stores = [open(), open(), open()]
      await Promise.all(
        Array.from({ length: 60 }, async (_, index) => {
          server.log.appendNoise()
          await stores[index % 3]?.append(request(`album-${index + 1}`))
        })
      )
      const [first] = stores
      assert.lengthOf(first === undefined ? [] : await readSoundLog(assert, first), 60)
    })
  })
}
