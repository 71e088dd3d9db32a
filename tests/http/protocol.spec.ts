import { once } from 'node:events'
import { connect } from 'node:net'
import { gzipSync } from 'node:zlib'
import { test } from '@japa/runner'
import type { ApiClient } from '#tests/helpers/api'
import { startWebServer, type TestWebServer } from '#tests/helpers/web_server'

const ALBUMS = '/api/v1/albums'

test.group('HTTP', (group) => {
  group.each.timeout(30_000)
  let server: TestWebServer
  let admin: ApiClient

  group.setup(async () => {
    server = await startWebServer()
    admin = await server.setUp()
    return () => server.stop()
  })

  /** What the server says to bytes that no client would send. */
  const sendRaw = async (bytes: string): Promise<string> => {
    const { port, hostname } = new URL(admin.url)
    const socket = connect(Number(port), hostname)
    let answer = ''
    socket.on('data', (chunk: Buffer) => (answer += chunk.toString()))
    socket.write(bytes)
    await once(socket, 'close')
    return answer
  }

  test('the address {$self} is 404')
    .with(['/', '/api/v1', '/api/v1/nothing', '/i', '/i/a/b.jpg', '/api/v2/albums'])
    .run(async ({ assert }, path) => {
      assert.equal((await admin.get(path)).status, 404)
      assert.equal((await admin.post(path)).status, 404)
    })

  test('{method} {path} is 405 and says which there are')
    .with([
      { method: 'PATCH', path: ALBUMS, allow: 'GET, HEAD, POST' },
      { method: 'DELETE', path: '/health', allow: 'GET, HEAD' },
      { method: 'GET', path: '/api/v1/setup', allow: 'POST' },
      { method: 'POST', path: '/i/abcdef.jpg', allow: 'GET, HEAD' },
      { method: 'OPTIONS', path: '/api/v1/albums/1', allow: 'PUT, DELETE' },
    ])
    .run(async ({ assert }, { method, path, allow }) => {
      const answer = await admin.send(method, path)
      assert.equal(answer.status, 405)
      assert.equal(answer.headers.get('allow'), allow)
    })

  test('the body {$self} is 400')
    .with([
      '{"name": ',
      '[',
      'null',
      '"text"',
      '7',
      '[]',
      '{"name": "x"}}',
      '\u0000',
      '{"a":"\\x"}',
    ])
    .run(async ({ assert }, body) => {
      const headers = { 'content-type': 'application/json' }
      assert.equal((await admin.post(ALBUMS, { body, headers })).status, 400)
    })

  test('a body of another type is as good as none', async ({ assert }) => {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/xml']) {
      const headers = { 'content-type': type }
      const { status } = await admin.post(ALBUMS, { body: '{"name":"x"}', headers })
      assert.equal(status, 400, type)
    }
    assert.equal((await admin.post(ALBUMS)).status, 400)
  })

  test('a body that is too large is 413', async ({ assert }) => {
    const large = { name: 'x', intro: 'x'.repeat(300_000) }
    const bomb = gzipSync(Buffer.alloc(5_000_000, 32))
    const zipped = { 'content-type': 'application/json', 'content-encoding': 'gzip' }

    assert.equal((await admin.post(ALBUMS, { json: large })).status, 413)
    assert.equal((await admin.post(ALBUMS, { body: bomb, headers: zipped })).status, 413)
  })

  test('a compressed body is inflated, a broken one refused', async ({ assert }) => {
    const zipped = { 'content-type': 'application/json', 'content-encoding': 'gzip' }
    const good = await admin.post(ALBUMS, { body: gzipSync('{"name":"zip"}'), headers: zipped })
    const broken = await admin.post(ALBUMS, { body: 'no gzip', headers: zipped })
    const unknown = await admin.post(ALBUMS, {
      body: '{"name":"x"}',
      headers: { ...zipped, 'content-encoding': 'rot13' },
    })

    assert.deepEqual([good.status, broken.status, unknown.status], [201, 400, 400])
  })

  test('unknown fields are ignored, dangerous ones too', async ({ assert }) => {
    const body = '{"name":"x","__proto__":{"admin":true},"constructor":{"prototype":{}},"id":7}'
    const headers = { 'content-type': 'application/json' }

    assert.equal((await admin.post(ALBUMS, { body, headers })).status, 201)
  })

  test('a sane request id is taken over, another is replaced', async ({ assert }) => {
    const withId = (id: string) => admin.get('/health', { headers: { 'x-request-id': id } })

    assert.equal((await withId('trace-1.2_3')).headers.get('x-request-id'), 'trace-1.2_3')
    for (const id of ['x'.repeat(65), 'a b', '<script>', 'a,b']) {
      const taken = (await withId(id)).headers.get('x-request-id')
      assert.match(taken ?? '', /^[0-9a-f-]{36}$/, id)
    }
  })

  test('an address that is not UTF-8 is 400', async ({ assert }) => {
    for (const path of ['/%C0%80', '/api/v1/albums/%E0%A4%A', '/i/%ff.jpg']) {
      const response = await fetch(admin.url + path)
      assert.equal(response.status, 400, path)
      assert.isNotNull(response.headers.get('x-request-id'))
      assert.containsSubset(await response.json(), { status: false })
    }
  })

  test('what is not HTTP gets an answer all the same', async ({ assert }) => {
    const nonsense = await sendRaw('nonsense\r\n\r\n')
    const long = await sendRaw(`GET / HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`)

    assert.match(nonsense, /^HTTP\/1\.1 400 /)
    assert.match(nonsense, /\r\nX-Request-Id: /)
    assert.match(long, /^HTTP\/1\.1 431 /)
  })

  test('a forwarded address is not believed', async ({ assert }) => {
    await admin.post(ALBUMS, {
      json: { name: 'from here' },
      headers: { 'x-forwarded-for': '198.51.100.7', 'x-real-ip': '198.51.100.7' },
    })
    const { position } = await server.services.eventStore.head()
    const [event] = await server.services.eventStore.readAll({ after: position - 1, limit: 1 })

    assert.equal(event?.type, 'album.created')
    assert.equal(event?.metadata.ip, '127.0.0.1')
  })

  test('the log knows who did it, from which request', async ({ assert }) => {
    await admin.post(ALBUMS, {
      json: { name: 'traced' },
      headers: { 'x-request-id': 'trace-7', 'user-agent': 'tests/1.0' },
    })
    const { position } = await server.services.eventStore.head()
    const [event] = await server.services.eventStore.readAll({ after: position - 1, limit: 1 })

    assert.containsSubset(event?.metadata, {
      correlation_id: 'trace-7',
      user_agent: 'tests/1.0',
      source: 'api',
      actor: { kind: 'account', id: 1, account_id: 1 },
    })
  })
})
