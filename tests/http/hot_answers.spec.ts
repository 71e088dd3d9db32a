import { test } from '@japa/runner'
import { cameraJpeg, plainPng } from '#tests/fixtures/images'
import type { ApiClient, ImageJson } from '#tests/helpers/api'
import { startWebServer, type TestWebServer } from '#tests/helpers/web_server'

const pathOf = ({ links }: ImageJson) => new URL(links.url).pathname

/** Headers that are another's with each answer. */
const OWN = ['date', 'x-request-id', 'connection', 'keep-alive']

test.group('Answers that are given again', (group) => {
  group.each.timeout(30_000)
  let server: TestWebServer
  let api: ApiClient
  let user: ApiClient

  group.setup(async () => {
    server = await startWebServer()
    api = server.api
    user = await server.setUp()
    return () => server.stop()
  })

  const headersOf = (headers: Headers) =>
    Object.fromEntries([...headers].filter(([name]) => !OWN.includes(name)))

  /** How often the routes of files were answered; answers without the framework count as all others. */
  const counted = async () => {
    const metrics = (await api.get('/metrics')).bytes.toString()
    const found = metrics.matchAll(
      /^picfast_http_request_duration_seconds_count\{.*route="\/i\/.*code="200".*\} (\d+)$/gm
    )
    return [...found].reduce((sum, [, count]) => sum + Number(count), 0)
  }

  test('are the same in every header and byte, and are counted', async ({ assert }) => {
    const { data: image } = await user.upload(await cameraJpeg(1))
    for (const path of [pathOf(image), `${pathOf(image)}@w_60,f_webp`]) {
      const before = await counted()
      const first = await api.get(path)
      for (let time = 0; time < 10; time++) {
        const again = await api.get(path)
        assert.deepEqual(headersOf(again.headers), headersOf(first.headers))
        assert.isTrue(again.bytes.equals(first.bytes))
        assert.notEqual(again.headers.get('x-request-id'), first.headers.get('x-request-id'))
      }
      assert.equal((await counted()) - before, 11)
    }
  })

  test('do not stand in the way of conditions, ranges, HEAD and downloads', async ({ assert }) => {
    const { data: image } = await user.upload(await plainPng(70, 71))
    const path = pathOf(image)
    const { headers, bytes } = await api.get(path)
    const etag = headers.get('etag') ?? ''

    assert.equal((await api.get(path, { headers: { 'if-none-match': etag } })).status, 304)
    const part = await api.get(path, { headers: { range: 'bytes=0-3' } })
    assert.isTrue(part.bytes.equals(bytes.subarray(0, 4)))
    assert.lengthOf((await api.head(path)).bytes, 0)
    const saved = await api.get(`${path}?download`)
    assert.include(saved.headers.get('content-disposition') ?? '', 'attachment')
    assert.equal((await api.post(path)).status, 405)
  })

  test('end at once with what they were given by', async ({ assert }) => {
    const { data: image } = await user.upload(await plainPng(72, 73))
    const path = pathOf(image)
    const variant = `${path}@w_30,f_webp`
    const seen = async () => [(await api.get(path)).status, (await api.get(variant)).status]
    const change = (json: object) => user.put('/api/v1/admin/settings', { json })

    assert.deepEqual(await seen(), [200, 200])
    await change({ variant_presets_only: true })
    assert.deepEqual(await seen(), [200, 403])
    await change({ variant_presets_only: false })
    assert.deepEqual(await seen(), [200, 200])
    await user.patch(`/api/v1/images/${image.key}`, { json: { permission: 0 } })
    assert.deepEqual(await seen(), [404, 404])
    const { headers } = await user.get(path)
    assert.equal(headers.get('cache-control'), 'private, no-store')
    assert.deepEqual(await seen(), [404, 404])
    await user.patch(`/api/v1/images/${image.key}`, { json: { permission: 1 } })
    assert.deepEqual(await seen(), [200, 200])
    await user.delete(`/api/v1/images/${image.key}`)
    assert.deepEqual(await seen(), [404, 404])
  })
})
