import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { randomBytes } from 'node:crypto'
import { test } from '@japa/runner'
import sharp from 'sharp'
import type { ImageJson, UploadedImage } from '#mcp/shapes'
import { cameraJpeg, plainPng } from '#tests/fixtures/images'
import type { ApiClient, NewApiTokenJson, UserJson } from '#tests/helpers/api'
import { startWebServer, type TestWebServer } from '#tests/helpers/web_server'
import { Agent } from './agent.ts'

const PING = { jsonrpc: '2.0', id: 1, method: 'ping' }
const ACCEPT = { accept: 'application/json, text/event-stream' }
const MEBIBYTE = 1024 * 1024

test.group('Agents over HTTP', (group) => {
  group.each.timeout(30_000)
  let server: TestWebServer
  let admin: ApiClient
  let agent: Agent
  let elsewhere: Server
  let photograph: Buffer
  const asked: string[] = []

  group.setup(async () => {
    photograph = await cameraJpeg()
    // It listens on all addresses of this machine, of which images may be fetched from one.
    elsewhere = createServer((request, response) => {
      asked.push(request.url ?? '')
      const redirect = /^\/to\/(.+)$/.exec(request.url ?? '')?.[1]
      if (redirect !== undefined) {
        response.writeHead(302, { location: decodeURIComponent(redirect) }).end()
      } else if (request.url?.endsWith('.jpg')) {
        response.end(photograph)
      } else {
        response.writeHead(request.url === '/page' ? 200 : 404).end('<h1>Hello</h1>')
      }
    }).listen(0, '0.0.0.0')
    await once(elsewhere, 'listening')
    server = await startWebServer({ FETCHABLE_NETWORKS: '127.0.0.2/32, 192.168.77.0/24' })
    admin = await server.setUp()
    agent = await Agent.overHttp(server.api.url, admin.token)
    return async () => {
      await agent.close()
      elsewhere.close()
      await server.stop()
    }
  })
  group.each.setup(() => {
    asked.length = 0
  })

  const urlAt = (host: string, path: string) =>
    `http://${host}:${(elsewhere.address() as AddressInfo).port}${path}`
  const upload = (input: Record<string, unknown>) =>
    agent.call<UploadedImage>('upload_image', input)

  test('an image is fetched from an address, and keeps its name', async ({ assert }) => {
    const { data } = await upload({ url: urlAt('127.0.0.2', '/album/G%C3%BCll.jpg') })
    const { data: shown } = await agent.call<ImageJson>('get_image', { key: data?.key })

    assert.deepEqual(asked, ['/album/G%C3%BCll.jpg'])
    assert.equal(data?.original_size, photograph.length)
    assert.isTrue(data?.processed)
    assert.equal(shown?.origin_name, 'Güll.jpg')
  })

  test('an image is fetched from where an address leads to', async ({ assert }) => {
    const { data } = await upload({
      url: urlAt('127.0.0.2', '/to/%2Fb.jpg'),
      filename: 'harbour.jpg',
    })
    const { data: shown } = await agent.call<ImageJson>('get_image', { key: data?.key })

    assert.deepEqual(asked, ['/to/%2Fb.jpg', '/b.jpg'])
    assert.equal(shown?.origin_name, 'harbour.jpg')
  })

  test('nothing is fetched from {host}')
    .with([
      { host: '127.0.0.1' },
      { host: 'localhost' },
      { host: '127.1' },
      { host: '0.0.0.0' },
      { host: '[::1]' },
      { host: '[::ffff:7f00:1]' },
      { host: '169.254.169.254' },
      { host: '10.0.0.1' },
      { host: '192.168.1.1' },
    ])
    .run(async ({ assert }, { host }) => {
      const { error } = await upload({ url: urlAt(host, '/a.jpg') })

      assert.equal(error?.code, 'INVALID_IMAGE_DATA')
      assert.include(error?.message, 'public internet')
      assert.deepEqual(asked, [])
    })

  test('a redirect to this machine is not followed', async ({ assert }) => {
    const target = encodeURIComponent(urlAt('127.0.0.1', '/a.jpg'))
    const { error } = await upload({ url: urlAt('127.0.0.2', `/to/${target}`) })

    assert.equal(error?.code, 'INVALID_IMAGE_DATA')
    assert.lengthOf(asked, 1)
  })

  test('{name} is {code}')
    .with([
      { name: 'a page', path: '/page', code: 'INVALID_IMAGE_DATA' },
      { name: 'an address where nothing is', path: '/none', code: 'UPLOAD_FAILED' },
    ])
    .run(async ({ assert }, { path, code }) => {
      assert.equal((await upload({ url: urlAt('127.0.0.2', path) })).error?.code, code)
    })

  test('bytes may be of any kind of base64', async ({ assert }) => {
    const bytes = await plainPng()
    const base64 = bytes.toString('base64')
    const lines = base64.replaceAll(/.{76}/g, '$&\n')
    const urlSafe = bytes.toString('base64url')
    for (const text of [base64, lines, urlSafe, `data:image/png;base64,${base64}`]) {
      assert.equal((await upload({ base64: text })).data?.original_size, bytes.length)
    }
  })

  test('{name} is not image data')
    .with([
      { name: 'nothing', input: {} },
      { name: 'both', input: { base64: 'aGVsbG8=', url: 'http://127.0.0.2/a.jpg' } },
      { name: 'no base64', input: { base64: 'ä'.repeat(1_000) } },
      { name: 'no bytes', input: { base64: '' } },
      { name: 'a local file', input: { url: 'file:///etc/passwd' } },
      { name: 'no address', input: { url: 'harbour.jpg' } },
    ])
    .run(async ({ assert }, { input }) => {
      assert.equal((await upload(input)).error?.code, 'INVALID_IMAGE_DATA')
    })

  test('an image of some megabytes comes as base64', async ({ assert }) => {
    const raw = { width: 1_500, height: 1_500, channels: 3 } as const
    const noise = randomBytes(raw.width * raw.height * raw.channels)
    const bytes = await sharp(noise, { raw }).png({ compressionLevel: 0 }).toBuffer()

    assert.isAbove(bytes.length, 6 * MEBIBYTE)
    assert.equal(
      (await upload({ base64: bytes.toString('base64') })).data?.stored_size,
      bytes.length
    )
  })

  test('a body over the bound is answered', async ({ assert }) => {
    const body = JSON.stringify({ ...PING, params: { _meta: { x: 'a'.repeat(25 * MEBIBYTE) } } })
    const headers = { ...ACCEPT, 'content-type': 'application/json' }

    assert.equal((await admin.post('/mcp', { body, headers })).status, 413)
  })

  test('what is no message of the protocol is refused: {name}')
    .with([
      { name: 'not JSON', body: '{', type: 'application/json', status: 400 },
      { name: 'nothing', body: '', type: 'application/json', status: 400 },
      { name: 'not a message', body: '{"a":1}', type: 'application/json', status: 400 },
      { name: 'a form', body: 'a=1', type: 'application/x-www-form-urlencoded', status: 415 },
    ])
    .run(async ({ assert }, { body, type, status }) => {
      const headers = { ...ACCEPT, 'content-type': type }
      assert.equal((await admin.post('/mcp', { body, headers })).status, status)
    })

  test('messages are answered as the document says', async ({ assert }) => {
    const answer = await admin.post('/mcp', { json: PING, headers: ACCEPT })
    assert.equal(answer.status, 200)
    assert.include(answer.bytes.toString(), '"result":{}')
    const notification = { jsonrpc: '2.0', method: 'notifications/initialized' }
    assert.equal((await admin.post('/mcp', { json: notification, headers: ACCEPT })).status, 202)
    const wrong = await admin.post('/mcp', { json: PING, headers: { accept: 'text/html' } })
    assert.equal(wrong.status, 406)
  })

  test('no credentials, or bad ones, get nowhere', async ({ assert }) => {
    for (const token of [null, 'nonsense', `img_${'x'.repeat(43)}`]) {
      const answer = await admin.as(token).post('/mcp', { json: PING, headers: ACCEPT })

      assert.equal(answer.status, 401)
      assert.equal(answer.headers.get('www-authenticate'), 'Bearer')
      assert.include(answer.bytes.toString(), '{"error":{"code":"UNAUTHORIZED"')
      await assert.rejects(() => Agent.overHttp(server.api.url, token))
    }
  })

  test('a frozen account is kept out, also in the middle', async ({ assert }) => {
    const user = await server.addUser('frozen@example.org')
    const { data } = await user.get<UserJson>('/api/v1/users/me')
    const json = { name: 'agent' }
    const created = await user.post<NewApiTokenJson>('/api/v1/api-tokens', { json })
    const { token } = created.data
    const frozen = await Agent.overHttp(server.api.url, token)
    assert.isNull(await frozen.codeOf('get_usage_stats'))
    await admin.put(`/api/v1/admin/users/${data.id}`, { json: { status: 0 } })

    const answer = await admin.as(token).post('/mcp', { json: PING, headers: ACCEPT })
    assert.equal(answer.status, 403)
    assert.include(answer.bytes.toString(), '{"error":{"code":"UNAUTHORIZED"')
    await assert.rejects(() => frozen.call('get_usage_stats'))
    await frozen.close()
  })

  test('there are no sessions to open or to end', async ({ assert }) => {
    for (const method of ['GET', 'DELETE']) {
      const headers = { authorization: `Bearer ${admin.token}`, accept: 'text/event-stream' }
      const response = await fetch(`${server.api.url}/mcp`, { method, headers })

      assert.equal(response.status, 405)
      assert.equal(response.headers.get('allow'), 'POST')
    }
  })
})
