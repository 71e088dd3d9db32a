import { test } from '@japa/runner'
import type { Assert } from '@japa/assert'
import { drawEventId } from '#event_store/event_id'
import type { KeyRing } from '#event_store/key_ring'
import { EventStoreError } from '#event_store/errors'
import type {
  AppendRequest,
  EventStore,
  ReadAllOptions,
  RecordedEvent,
  RecordedFact,
} from '#event_store/port'
import { GENESIS_HASH, verifyChain, type ChainEnd } from '#event_store/stored_event'
import { METADATA, renamed, uploaded } from '#tests/helpers/events'
import { waitFor } from '#tests/helpers/wait_for'

export interface StoreUnderTest {
  store: EventStore
  keyRing: KeyRing
  close(): Promise<void>
}

function appendTo(stream: string, request: Partial<AppendRequest> = {}): AppendRequest {
  return {
    stream,
    expectedVersion: 'any',
    events: [renamed(1, 'a name')],
    metadata: METADATA,
    ...request,
  }
}

function tellFact({
  id,
  type,
  stream,
  version,
  position,
  schemaVersion,
  data,
  recordedAt,
}: RecordedFact) {
  return { id, type, stream, version, position, schemaVersion, data, recordedAt }
}

async function refusal(promise: Promise<unknown>): Promise<EventStoreError> {
  try {
    await promise
  } catch (error) {
    if (error instanceof EventStoreError) {
      return error
    }
    throw error
  }
  throw new Error('The append was not refused')
}

/** The whole log, checked: dense positions, dense and ordered streams, times that never fall, a chain that verifies. */
export async function readSoundLog(assert: Assert, store: EventStore): Promise<RecordedEvent[]> {
  const events: RecordedEvent[] = []
  let last: ChainEnd = { position: 0, hash: GENESIS_HASH }
  for (;;) {
    const [page, stored] = await Promise.all([
      store.readAll({ after: last.position, limit: 500 }),
      store.readStored({ after: last.position, limit: 500 }),
    ])
    if (stored.length === 0) {
      break
    }
    const verified = verifyChain(stored, last)
    assert.isNull(verified.fault)
    last = verified.last
    events.push(...page.slice(0, stored.length))
  }
  assert.deepEqual(await store.head(), { position: last.position, hash: last.hash.toString('hex') })
  const versions = new Map<string, number>()
  let time = ''
  events.forEach((event, index) => {
    assert.equal(event.position, index + 1)
    assert.equal(event.version, (versions.get(event.stream) ?? 0) + 1)
    assert.isTrue(event.recordedAt >= time)
    versions.set(event.stream, event.version)
    time = event.recordedAt
  })
  return events
}

/** What every adapter of the event store must do. */
export function eventStoreContract(adapter: string, open: () => Promise<StoreUnderTest>) {
  test.group(`Event store contract | ${adapter}`, (group) => {
    let subject: StoreUnderTest
    let store: EventStore

    group.each.setup(async () => {
      subject = await open()
      store = subject.store
      return () => subject.close()
    })

    test('an append is answered with its version and positions', async ({ assert }) => {
      const first = await store.append(
        appendTo('album-1', { events: [renamed(1, 'a'), renamed(1, 'b')] })
      )
      assert.containSubset(first, {
        stream: 'album-1',
        version: 2,
        firstPosition: 1,
        lastPosition: 2,
        repeated: false,
      })
      const events = await store.readStream('album-1')
      assert.deepEqual(
        events.map((event) => event.id),
        first.eventIds
      )
      assert.deepEqual(
        events.map((event) => event.data),
        [
          { album_id: 1, owner_id: 1, name: 'a', intro: '' },
          { album_id: 1, owner_id: 1, name: 'b', intro: '' },
        ]
      )
      assert.deepEqual(events[0]?.metadata, { ...METADATA, command_id: null })
    })

    test('each kind of expected version holds and refuses', async ({ assert }) => {
      const conflict = async (stream: string, request: Partial<AppendRequest>, actual: number) => {
        const error = await refusal(store.append(appendTo(stream, request)))
        assert.containSubset(error, { code: 'E_VERSION_CONFLICT', stream, actual })
      }
      await conflict('album-1', { expectedVersion: 'exists' }, 0)
      await conflict('album-1', { expectedVersion: 1 }, 0)
      await store.append(appendTo('album-1', { expectedVersion: 'none' }))
      await conflict('album-1', { expectedVersion: 'none' }, 1)
      await conflict('album-1', { expectedVersion: 0 }, 1)
      await conflict('album-1', { expectedVersion: 2 }, 1)
      await store.append(appendTo('album-1', { expectedVersion: 1 }))
      await store.append(appendTo('album-1', { expectedVersion: 'exists' }))
      await store.append(appendTo('album-1', { expectedVersion: 'any' }))
      await store.append(appendTo('album-2', { expectedVersion: 'any' }))
      await store.append(appendTo('album-3', { expectedVersion: 0 }))
      assert.lengthOf(await store.readStream('album-1'), 4)
      assert.lengthOf(await readSoundLog(assert, store), 6)
    })

    test('a command sent again has its first outcome; with another body it is refused', async ({
      assert,
    }) => {
      const command = { id: 'command-1', fingerprint: 'body' }
      assert.isNull(await store.findCommand(command))
      const first = await store.append(appendTo('album-1', { expectedVersion: 'none', command }))
      await store.append(appendTo('album-1'))
      const again = await store.append(appendTo('album-1', { expectedVersion: 'none', command }))
      assert.containSubset(again, {
        version: first.version,
        firstPosition: first.firstPosition,
        lastPosition: first.lastPosition,
        repeated: true,
      })
      assert.deepEqual(await store.findCommand(command), again)
      const other = { id: 'command-1', fingerprint: 'other' }
      const error = await refusal(store.append(appendTo('album-9', { command: other })))
      assert.equal(error.code, 'E_COMMAND_ID_REUSED')
      const sought = await refusal(store.findCommand(other))
      assert.equal(sought.code, 'E_COMMAND_ID_REUSED')
      assert.lengthOf(await readSoundLog(assert, store), 2)
    })

    test('a refused command leaves its id free', async ({ assert }) => {
      const command = { id: 'command-1', fingerprint: 'body' }
      await refusal(store.append(appendTo('album-1', { expectedVersion: 'exists', command })))
      const outcome = await store.append(appendTo('album-1', { command }))
      assert.isFalse(outcome.repeated)
    })

    test('one of many parallel commands with one id is done', async ({ assert }) => {
      const command = { id: 'command-1', fingerprint: 'body' }
      const outcomes = await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          store.append(appendTo(`album-${index + 1}`, { command }))
        )
      )
      assert.lengthOf(
        outcomes.filter(({ repeated }) => !repeated),
        1
      )
      assert.equal(new Set(outcomes.map(({ firstPosition }) => firstPosition)).size, 1)
      assert.lengthOf(await readSoundLog(assert, store), 1)
    })

    test('an event id is recorded once', async ({ assert }) => {
      const id = drawEventId()
      await store.append(appendTo('album-1', { events: [{ ...renamed(1, 'a'), id }] }))
      const error = await refusal(
        store.append(appendTo('album-2', { events: [renamed(2, 'b'), { ...renamed(2, 'c'), id }] }))
      )
      assert.containSubset(error, { code: 'E_DUPLICATE_EVENT_ID', eventId: id })
      assert.lengthOf(await readSoundLog(assert, store), 1)
    })

    test('a claim is held by one stream until it gives it back', async ({ assert }) => {
      const take = { action: 'take', scope: 'email', value: 'a@example.org' } as const
      const holder = () => store.findClaim(take.scope, take.value)
      assert.isNull(await holder())
      await store.append(appendTo('account-1', { claims: [take] }))
      assert.equal(await holder(), 'account-1')
      const error = await refusal(store.append(appendTo('account-2', { claims: [take] })))
      assert.containSubset(error, { code: 'E_CLAIM_TAKEN', scope: 'email' })
      const release = { ...take, action: 'release' } as const
      await store.append(appendTo('account-2', { claims: [release] }))
      await refusal(store.append(appendTo('account-2', { claims: [take] })))
      await store.append(appendTo('account-1', { claims: [release] }))
      await store.append(appendTo('account-2', { claims: [take] }))
      assert.equal(await holder(), 'account-2')
    })

    test('of parallel claims to one value one succeeds', async ({ assert }) => {
      const outcomes = await Promise.allSettled(
        Array.from({ length: 50 }, (_, index) =>
          store.append(
            appendTo(`account-${index + 1}`, {
              claims: [{ action: 'take', scope: 'first_admin', value: 'first_admin' }],
            })
          )
        )
      )
      assert.lengthOf(
        outcomes.filter(({ status }) => status === 'fulfilled'),
        1
      )
      assert.lengthOf(await readSoundLog(assert, store), 1)
    })

    test('a budget is never exceeded, whoever races for it', async ({ assert }) => {
      const outcomes = await Promise.allSettled(
        Array.from({ length: 100 }, (_, index) =>
          store.append(
            appendTo(`image-${index + 1}`, {
              events: [uploaded(index + 1)],
              budgets: [{ scope: 'account_bytes:1', delta: 1000, limit: 10_500 }],
            })
          )
        )
      )
      assert.lengthOf(
        outcomes.filter(({ status }) => status === 'fulfilled'),
        10
      )
      const error = await refusal(
        store.append(
          appendTo('image-200', {
            budgets: [{ scope: 'account_bytes:1', delta: 501, limit: 10_500 }],
          })
        )
      )
      assert.containSubset(error, {
        code: 'E_BUDGET_EXCEEDED',
        limit: 10_500,
        used: 10_000,
        requested: 501,
      })
      await store.append(
        appendTo('image-1', {
          budgets: [{ scope: 'account_bytes:1', delta: -1000, limit: 10_500 }],
        })
      )
      await store.append(
        appendTo('image-201', {
          budgets: [{ scope: 'account_bytes:1', delta: 1500, limit: 10_500 }],
        })
      )
    })

    test('a refused append leaves no claim, no budget and no event', async ({ assert }) => {
      const claim = { action: 'take', scope: 'image_key', value: 'abc' } as const
      await store.append(appendTo('image-1', { budgets: [{ scope: 'b', delta: 5, limit: null }] }))
      await refusal(
        store.append(
          appendTo('image-2', { claims: [claim], budgets: [{ scope: 'b', delta: 6, limit: 10 }] })
        )
      )
      await store.append(
        appendTo('image-3', { claims: [claim], budgets: [{ scope: 'b', delta: 5, limit: 10 }] })
      )
      assert.lengthOf(await readSoundLog(assert, store), 2)
    })

    test('what the catalogue does not know is refused, and neighbours are spared', async ({
      assert,
    }) => {
      const unknown = { type: 'image.painted', data: {} } as never
      const invalid = {
        type: 'album.changed',
        data: { album_id: 'one', name: '', intro: '' },
      } as never
      const extra = { type: 'album.deleted', data: { album_id: 1, owner_id: 1, more: 1 } } as never
      const outcomes = await Promise.allSettled([
        store.append(appendTo('album-1', { events: [unknown] })),
        store.append(appendTo('album-2')),
        store.append(appendTo('album-3', { events: [invalid] })),
        store.append(appendTo('album-4', { events: [extra] })),
        store.append(appendTo('album-5', { events: [] })),
        store.append(appendTo('not a stream')),
        store.append(appendTo('album-6', { expectedVersion: -3 })),
      ])
      const codes = outcomes.map((outcome) =>
        outcome.status === 'fulfilled' ? 'ok' : outcome.reason.code
      )
      assert.deepEqual(codes, [
        'E_UNKNOWN_EVENT_TYPE',
        'ok',
        'E_INVALID_EVENT',
        'E_INVALID_EVENT',
        'E_INVALID_EVENT',
        'E_INVALID_EVENT',
        'E_INVALID_EVENT',
      ])
      assert.lengthOf(await readSoundLog(assert, store), 1)
    })

    test('text of every kind comes back as it was', async ({ assert }) => {
      const names = [
        '"quoted" \\ {a,b} \n\t',
        'שלום 你好 🎉',
        "'); drop table x; --",
        '\u2028 NULL',
      ]
      for (const [index, name] of names.entries()) {
        await store.append(appendTo(`album-${index + 1}`, { events: [renamed(index + 1, name)] }))
      }
      const events = await readSoundLog(assert, store)
      assert.deepEqual(
        events.map((event) => event.type === 'album.changed' && event.data.name),
        names
      )
    })

    test('a stream is read from, to, backwards, limited, and as it was', async ({ assert }) => {
      for (const name of ['a', 'b', 'c', 'd']) {
        await store.append(appendTo('album-1', { events: [renamed(1, name)] }))
        await store.append(appendTo('album-2', { events: [renamed(2, name)] }))
      }
      const versions = async (options: Parameters<EventStore['readStream']>[1]) =>
        (await store.readStream('album-1', options)).map(({ version }) => version)
      assert.deepEqual(await versions({}), [1, 2, 3, 4])
      assert.deepEqual(await versions({ from: 2, to: 3 }), [2, 3])
      assert.deepEqual(await versions({ backwards: true }), [4, 3, 2, 1])
      assert.deepEqual(await versions({ backwards: true, limit: 1 }), [4])
      assert.deepEqual(await versions({ limit: 2 }), [1, 2])
      assert.deepEqual(await versions({ asOf: 4 }), [1, 2])
      assert.deepEqual(await versions({ types: ['album.changed'], limit: 2 }), [1, 2])
      assert.deepEqual(await versions({ types: ['album.deleted'] }), [])
      const all = await store.readStream('album-1')
      const moment = all[1]?.recordedAt ?? ''
      assert.deepEqual(
        await versions({ asOf: moment }),
        all.filter(({ recordedAt }) => recordedAt <= moment).map(({ version }) => version)
      )
      assert.deepEqual(await versions({ asOf: '2000-01-01T00:00:00.000Z' }), [])
      assert.deepEqual(await store.readStream('album-77'), [])
    })

    test('the log is read in pages, filtered by type and category', async ({ assert }) => {
      await store.append(appendTo('album-1'))
      await store.append(appendTo('image-1', { events: [uploaded(1)] }))
      await store.append(appendTo('image-2', { events: [uploaded(2)] }))
      await store.append(appendTo('album-1'))
      const positions = async (options: Partial<Parameters<EventStore['readAll']>[0]>) =>
        (await store.readAll({ after: 0, limit: 10, ...options })).map(({ position }) => position)
      assert.deepEqual(await positions({}), [1, 2, 3, 4])
      assert.deepEqual(await positions({ after: 1, limit: 2 }), [2, 3])
      assert.deepEqual(await positions({ upTo: 3 }), [1, 2, 3])
      assert.deepEqual(await positions({ types: ['image.uploaded'] }), [2, 3])
      assert.deepEqual(await positions({ categories: ['album'] }), [1, 4])
      assert.deepEqual(await positions({ types: ['album.changed'], categories: ['image'] }), [])
    })

    test('facts are what events tell, in the same pages', async ({ assert }) => {
      await store.append(appendTo('album-1'))
      await store.append(appendTo('image-1', { events: [uploaded(1)] }))
      await store.append(appendTo('album-2'))
      const page = { after: 1, limit: 2 }
      const filters: Array<Partial<ReadAllOptions>> = [
        {},
        { upTo: 2 },
        { types: ['image.uploaded'] },
      ]
      for (const filter of filters) {
        const events = await store.readAll({ ...page, ...filter })
        const facts = await store.readFacts({ ...page, ...filter })
        assert.isNotEmpty(events)
        assert.deepEqual(facts.map(tellFact), events.map(tellFact))
      }
    })

    test('events are read at positions, those that exist, in order', async ({ assert }) => {
      for (const id of [1, 2, 3]) {
        await store.append(appendTo(`image-${id}`, { events: [uploaded(id)] }))
      }
      const read = await store.readAt([3, 1, 99, 1])
      assert.deepEqual(
        read.map(({ position, stream }) => [position, stream]),
        [
          [1, 'image-1'],
          [3, 'image-3'],
        ]
      )
      assert.deepEqual(await store.readAt([]), [])
    })

    test('personal data is sealed in the log and forgotten with its key', async ({ assert }) => {
      const secret = 'my-secret-holiday.jpg'
      await store.append(
        appendTo('image-1', { events: [uploaded(1, { owner_id: 7, origin_name: secret })] })
      )
      const [stored] = await store.readStored({ after: 0, limit: 1 })
      assert.notInclude(stored?.data ?? secret, 'holiday')
      assert.notInclude(stored?.metadata ?? '203.', '203.0.113.7')
      const [before] = await store.readStream('image-1')
      assert.equal(before?.type === 'image.uploaded' && before.data.origin_name, secret)
      assert.equal(before?.metadata.ip, '203.0.113.7')

      await subject.keyRing.erase('account:7')
      const [after] = await readSoundLog(assert, store)
      assert.isNull(after?.type === 'image.uploaded' && after.data.origin_name)
      assert.equal(after?.metadata.ip, '203.0.113.7')
      await subject.keyRing.erase('account:1')
      const [forgotten] = await store.readStream('image-1')
      assert.isNull(forgotten?.metadata.ip)
      assert.isNull(forgotten?.metadata.user_agent)

      await store.append(
        appendTo('image-2', { events: [uploaded(2, { owner_id: 7, origin_name: secret })] })
      )
      const [late] = await store.readStored({ after: 1, limit: 1 })
      assert.notInclude(late?.data ?? secret, 'holiday')
    })

    test('a subscription sees history, then what comes, each once and in order', async ({
      assert,
    }) => {
      for (let index = 1; index <= 25; index++) {
        await store.append(appendTo(`album-${index}`))
      }
      const seen: number[] = []
      const subscription = store.subscribe({ after: 5, batchSize: 10 }, ({ events }) => {
        seen.push(...events.map(({ position }) => position))
      })
      await waitFor(() => seen.length === 20, { what: 'history' })
      await Promise.all(
        Array.from({ length: 30 }, (_, index) => store.append(appendTo(`album-${index + 50}`)))
      )
      await waitFor(() => seen.length === 50, { what: 'what came' })
      await subscription.close()
      await store.append(appendTo('album-1'))
      assert.deepEqual(
        seen,
        Array.from({ length: 50 }, (_, index) => index + 6)
      )
    })

    test('a filtered subscription says how far it has read', async ({ assert }) => {
      await store.append(appendTo('image-1', { events: [uploaded(1)] }))
      for (let index = 1; index <= 5; index++) {
        await store.append(appendTo('album-1'))
      }
      let through = 0
      const seen: number[] = []
      const subscription = store.subscribe({ after: 0, types: ['image.uploaded'] }, (batch) => {
        through = batch.through
        seen.push(...batch.events.map(({ position }) => position))
      })
      await waitFor(() => through === 6, { what: 'the end of the log' })
      await subscription.close()
      assert.deepEqual(seen, [1])
    })

    test('a subscription ends with the error of its handler', async ({ assert }) => {
      await store.append(appendTo('album-1'))
      const subscription = store.subscribe({ after: 0 }, () => {
        throw new Error('no further')
      })
      await assert.rejects(() => subscription.ended, 'no further')
    })

    test('50 writers on the same and on different streams lose, double and reorder nothing', async ({
      assert,
    }) => {
      const acknowledged = new Map<string, string[]>()
      let conflicts = 0
      const write = async (writer: number) => {
        for (let round = 0; round < 10; round++) {
          const shared = (writer + round) % 2 === 0
          const stream = shared ? `album-${round % 3}` : `album-9${writer}`
          const version = (await store.readStream(stream)).length
          const name = `${writer}/${round}`
          const events =
            round % 4 === 0 ? [renamed(1, name), renamed(1, `${name}+`)] : [renamed(1, name)]
          try {
            await store.append(appendTo(stream, { expectedVersion: version, events }))
            const names = events.map((event) => ('name' in event.data ? event.data.name : ''))
            acknowledged.set(stream, [...(acknowledged.get(stream) ?? []), ...(names as string[])])
          } catch (error) {
            assert.containSubset(error, { code: 'E_VERSION_CONFLICT' })
            conflicts += 1
          }
        }
      }
      await Promise.all(Array.from({ length: 50 }, (_, writer) => write(writer)))
      assert.isAbove(conflicts, 0)
      const events = await readSoundLog(assert, store)
      const recorded = new Map<string, string[]>()
      for (const event of events) {
        const name = event.type === 'album.changed' ? (event.data.name ?? '') : ''
        recorded.set(event.stream, [...(recorded.get(event.stream) ?? []), name])
      }
      const sorted = (log: Map<string, string[]>) =>
        [...log].map(([stream, names]) => [stream, [...names].sort()]).sort()
      assert.deepEqual(sorted(recorded), sorted(acknowledged))
    }).timeout(30_000)
  })
}
