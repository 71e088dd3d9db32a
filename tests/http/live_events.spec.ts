import { join } from 'node:path'
import { test } from '@japa/runner'
import { followLog } from '#http/live_events/follow_log'
import { LiveStreams } from '#http/live_events/live_streams'
import type { ApiClient, UserJson } from '#tests/helpers/api'
import { EventStreamClient } from '#tests/helpers/event_stream'
import { hasNginx, startNginx } from '#tests/helpers/nginx'
import { startOneMoreWebServer } from '#tests/helpers/site_process'
import { waitFor } from '#tests/helpers/wait_for'
import { startWebServer, SYSTEM, type TestWebServer } from '#tests/helpers/web_server'

const PAGE = join(import.meta.dirname, '../../docs/serving.md')
const LIVE = '/api/v1/admin/events/live'

const range = (from: number, to: number) =>
  Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => from + index)

test.group('The log as it grows', (group) => {
  group.each.timeout(60_000)
  let server: TestWebServer
  let admin: ApiClient
  let adminId: number
  const opened: EventStreamClient[] = []

  const follow = async (
    query = '',
    { url = server.api.url, token = admin.token, headers = {} } = {}
  ) => {
    const stream = await EventStreamClient.open(url + LIVE + query, token, headers)
    opened.push(stream)
    return stream
  }
  const head = async () => (await server.services.eventStore.head()).position
  /** Appends events of a visitor's kind; answers the last position. */
  const happen = async (times = 1, correlationId = 'tests') => {
    const fact = { type: 'account.signed_in' as const, data: { account_id: adminId } }
    for (let time = 0; time < times; time++) {
      await server.services.handlers.account.recordFact(fact, { ...SYSTEM, correlationId })
    }
    return head()
  }
  const addAdmin = async (email: string) => {
    const user = await server.addUser(email)
    const { data } = await user.get<UserJson>('/api/v1/users/me')
    await admin.put(`/api/v1/admin/users/${data.id}`, { json: { role: 'admin' } })
    await waitFor(async () => (await user.get('/api/v1/admin/projections')).status === 200, {
      what: 'the new administrator',
    })
    return { client: user, id: data.id }
  }

  group.setup(async () => {
    server = await startWebServer()
    admin = await server.setUp()
    adminId = (await admin.get<UserJson>('/api/v1/users/me')).data.id
    return () => server.stop()
  })
  group.each.teardown(async () => {
    opened.splice(0).forEach((stream) => stream.stop())
    // The server notices by itself that they are gone.
    await waitFor(
      async () => {
        const stream = await follow()
        const isOpen = stream.response.statusCode === 200
        stream.stop()
        return isOpen
      },
      { what: 'a free place', everyMs: 50 }
    )
    opened.splice(0)
  })

  test('is sent as it is listed, from now on or from a position', async ({ assert }) => {
    const before = await head()
    const stream = await follow()
    const whole = await follow('?after=0')
    assert.equal(stream.response.headers['content-type'], 'text/event-stream; charset=utf-8')
    assert.equal(stream.response.headers['x-accel-buffering'], 'no')
    const last = await happen(3)
    await Promise.all([stream.until(last), whole.until(last)])
    assert.deepEqual(stream.positions, range(before + 1, last))
    assert.deepEqual(whole.positions, range(1, last))
    const { data } = await admin.get<{ items: unknown[] }>('/api/v1/admin/events?page_size=1')
    assert.deepEqual(stream.messages.at(-1)?.data as unknown, data.items[0])
  })

  test('is filtered as the list is', async ({ assert }) => {
    const stream = await follow('?after=0&correlation_id=wanted&type=account.signed_in')
    await happen(2, 'unwanted')
    const last = await happen(1, 'wanted')
    await happen(1, 'unwanted')
    const again = await happen(1, 'wanted')
    await stream.until(again)
    assert.deepEqual(stream.positions, [last, again])
  })

  test('goes on in another process where one was killed, without a gap and nothing twice', async ({
    assert,
  }) => {
    const other = await startOneMoreWebServer(server.services.config)
    const stream = await follow('', { url: other.url })
    await waitFor(() => stream.messages[0], { what: 'the opening message' })
    const from = stream.messages[0]?.id ?? 0
    const writing = happen(60)
    await stream.until(from + 5)
    await other.kill()
    await stream.untilOver()
    const seen = stream.positions
    const headers = { 'last-event-id': String(stream.lastId) }
    const resumed = await follow(`?after=${from}`, { headers })
    const last = await writing
    await resumed.until(last)
    assert.deepEqual([...seen, ...resumed.positions], range(from + 1, last))
  })

  test('waits for a reader who takes nothing, who then misses nothing', async ({ assert }) => {
    const stream = await follow('?after=0')
    stream.response.pause()
    const fact = { type: 'account.signed_in' as const, data: { account_id: adminId } }
    await Promise.all(
      range(1, 3_000).map(() => server.services.handlers.account.recordFact(fact, SYSTEM))
    )
    const last = await head()
    stream.response.resume()
    await stream.until(last)
    assert.deepEqual(stream.positions, range(1, stream.lastId))
  })

  test('ends when its reader {what}')
    .with([
      {
        what: 'is no administrator any more',
        act: (id: number) => admin.put(`/api/v1/admin/users/${id}`, { json: { role: 'user' } }),
      },
      {
        what: 'is frozen',
        act: (id: number) => admin.put(`/api/v1/admin/users/${id}`, { json: { status: 0 } }),
      },
      { what: 'signs out', act: (_id: number, own: ApiClient) => own.post('/api/v1/auth/logout') },
    ])
    .run(async ({ assert }, { what, act }) => {
      const email = `${what.replaceAll(' ', '.')}@example.org`
      const { client, id } = await addAdmin(email)
      const other = await startOneMoreWebServer(server.services.config)
      const streams = [
        await follow('', { token: client.token }),
        await follow('', { token: client.token, url: other.url }),
      ]
      const goesOn = await follow()
      const acted = await act(id, client)
      assert.equal(acted.status, 200)
      await Promise.all(streams.map((stream) => stream.untilOver()))
      const last = await happen()
      await goesOn.until(last)
      assert.isFalse(streams.some(({ positions }) => positions.includes(last)))
      const again = await follow('', { token: client.token })
      assert.oneOf(again.response.statusCode, [401, 403])
      await other.stop()
    })

  test('an account has a bounded number of streams', async ({ assert }) => {
    const streams = []
    for (let count = 0; count < 5; count++) {
      streams.push(await follow())
    }
    assert.deepEqual(
      streams.map(({ response }) => response.statusCode),
      [200, 200, 200, 200, 429]
    )
    assert.isAbove(Number(streams.at(-1)?.response.headers['retry-after']), 0)
  })

  test('ends at once with the process', async ({ assert }) => {
    const other = await startOneMoreWebServer(server.services.config)
    const stream = await follow('', { url: other.url })
    await waitFor(() => stream.lastId, { what: 'the opening message' })
    const stopped = other.stop()
    await stream.untilOver()
    assert.isTrue(stream.response.complete, 'it came to its end')
    await stopped
  })

  test('goes through nginx as it happens', async ({ assert }) => {
    const nginx = await startNginx({
      page: PAGE,
      serverUrl: server.api.url,
      dataDir: server.dataDir,
    })
    const stream = await follow('', { url: nginx.url })
    await waitFor(() => stream.lastId, { what: 'the opening message' })
    const last = await happen()
    await stream.until(last)
    assert.include(stream.positions, last)
    stream.stop()
    await nginx.stop()
  }).skip(!hasNginx, 'there is no nginx here')

  test('refuses {what}')
    .with([
      { what: 'a position that is none', query: '?after=x', id: '', field: 'after' },
      { what: 'a position to come', query: '?after=999999999', id: '', field: 'after' },
      { what: 'an id that is none', query: '', id: 'x', field: 'Last-Event-ID' },
    ])
    .run(async ({ assert }, { query, id, field }) => {
      const headers = id === '' ? undefined : { 'last-event-id': id }
      const { status, data } = await admin.get(LIVE + query, { headers })
      assert.equal(status, 400)
      assert.property(data, field)
    })

  test('a look at its head opens no stream', async ({ assert }) => {
    assert.equal((await admin.head(LIVE)).status, 200)
  })
})

test.group('Open streams', () => {
  test('are bounded by account and in all, and none opens at the end', ({ assert }) => {
    const streams = new LiveStreams({ most: 3, mostOfAccount: 2 })
    const first = streams.enter(1)
    streams.enter(1)
    assert.throws(() => streams.enter(1), /At most 2 streams/)
    const other = streams.enter(2)
    assert.throws(() => streams.enter(2), /too much to do/)
    first.leave()
    streams.enter(2)
    streams.close()
    assert.isTrue(other.ending.signal.aborted)
    assert.isFalse(first.ending.signal.aborted)
    other.leave()
    assert.throws(() => streams.enter(2), /too much to do/)
  })
})

test.group('Following a log', () => {
  test('reads a page when the one before was taken, and not sooner', async ({ assert }) => {
    const ending = new AbortController()
    let reads = 0
    const log = {
      onAppended: () => () => {},
      read: async (after: number) => {
        reads += 1
        return { events: [], through: after + 1, isFull: true }
      },
    }
    const pages = followLog(log, { after: 0, quietMs: 0 }, ending.signal)
    await pages.next()
    await new Promise((resolve) => setImmediate(resolve))
    assert.equal(reads, 1)
    ending.abort()
    assert.isTrue((await pages.next()).done)
  })
})
