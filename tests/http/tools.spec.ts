import { test } from '@japa/runner'
import { cameraJpeg, plainPng } from '#tests/fixtures/images'
import type { ApiClient, NewApiTokenJson } from '#tests/helpers/api'
import { startWebServer, type TestWebServer } from '#tests/helpers/web_server'

const SETTINGS = '/api/v1/admin/settings'
const FLAT = '/api/v1/flat/upload'
const SHAREX = '/api/v1/sharex/upload'
const SXCU = '/api/v1/sharex/config'

interface FlatJson {
  url: string
  thumbnail_url: string
  markdown: string
  bbcode: string
  html: string
}

interface SharexJson {
  url: string
  thumbnail_url: string
  deletion_url: string
}

/** The parts of a custom uploader that ShareX acts upon. */
interface SxcuJson {
  Version: string
  Name: string
  DestinationType: string
  RequestMethod: string
  RequestURL: string
  Headers?: Record<string, string>
  Body: string
  FileFormName: string
  URL: string
  ThumbnailURL: string
  DeletionURL: string
  ErrorMessage: string
}

test.group('Upload tools', (group) => {
  group.each.timeout(60_000)
  let server: TestWebServer
  let api: ApiClient
  let admin: ApiClient
  let user: ApiClient
  let tool: ApiClient
  let bytes: Buffer

  group.setup(async () => {
    server = await startWebServer()
    api = server.api
    admin = await server.setUp()
    user = await server.addUser('grace@example.org')
    bytes = await cameraJpeg()
    const { data } = await user.post<NewApiTokenJson>('/api/v1/api-tokens', {
      json: { name: 'tool' },
    })
    tool = user.as(data.token)
    return () => server.stop()
  })

  const letGuestsIn = (allowed: boolean) =>
    admin.put(SETTINGS, { json: { allow_guest_upload: allowed } })

  const formWith = (file: Uint8Array, name = 'Grüße aus <Köln>.jpg', field = 'file') => {
    const form = new FormData()
    form.append(field, new Blob([Uint8Array.from(file)]), name)
    return form
  }

  const send = async <Bare>(path: string, client = tool, headers: Record<string, string> = {}) => {
    const answer = await client.post(path, { body: formWith(bytes), headers })
    return { ...answer, bare: JSON.parse(answer.bytes.toString()) as Bare }
  }

  const statusOf = async (url: string, method = 'GET', headers: Record<string, string> = {}) =>
    (await api.send(method, new URL(url).pathname, { headers })).status

  test('a flat upload answers bare links, each ready to be pasted', async ({ assert }) => {
    const { status, bare } = await send<FlatJson>(FLAT)

    assert.equal(status, 201)
    assert.match(bare.url, new RegExp(`^${api.url}/i/[a-z0-9]{6,}\\.jpg$`))
    assert.equal(bare.markdown, `![Grüße aus \\<Köln\\>.jpg](${bare.url})`)
    assert.equal(bare.bbcode, `[img]${bare.url}[/img]`)
    assert.include(bare.html, 'alt="Grüße aus &lt;Köln&gt;.jpg"')
    assert.equal(await statusOf(bare.url), 200)
    assert.equal(await statusOf(bare.thumbnail_url), 200)
  })

  test('an API token may come as X-API-Token; a bad one is nobody', async ({ assert }) => {
    const before = (await user.get<{ image_num: number }>('/api/v1/users/me')).data.image_num
    const good = await send<FlatJson>(FLAT, api, { 'x-api-token': tool.token ?? '' })
    const bad = await send(FLAT, api, { 'x-api-token': 'img_nonsense' })
    const after = (await user.get<{ image_num: number }>('/api/v1/users/me')).data.image_num

    assert.equal(good.status, 201)
    assert.equal(after, before + 1)
    assert.equal(bad.status, 401)
  })

  test('what is refused says why, under both names that tools look for', async ({ assert }) => {
    const form = formWith(Buffer.from('no image at all'), 'letter.jpg')
    const answer = await tool.post(FLAT, { body: form })
    const { status, message, error }: { status: boolean; message: string; error: string } =
      JSON.parse(answer.bytes.toString())

    assert.equal(answer.status, 415)
    assert.isFalse(status)
    assert.equal(error, message)
  })

  test('what PicGo’s web-uploader sends is taken', async ({ assert }) => {
    // As PicGo 3.1 with its plugin 1.1 was seen to send it.
    const body = Buffer.concat([
      Buffer.from(
        '--------------------------170482617594\r\n' +
          'Content-Disposition: form-data; name="permission"\r\n\r\n1\r\n' +
          '--------------------------170482617594\r\n' +
          'Content-Disposition: form-data; name="file"; filename="20260101120000.png"\r\n' +
          'Content-Type: image/png\r\n\r\n'
      ),
      await plainPng(7, 8),
      Buffer.from('\r\n--------------------------170482617594--\r\n'),
    ])
    const answer = await api.post(FLAT, {
      body: Uint8Array.from(body),
      headers: {
        'Accept': 'application/json, text/plain, */*',
        'User-Agent': 'PicGo',
        'X-API-Token': tool.token ?? '',
        'content-type': 'multipart/form-data; boundary=------------------------170482617594',
      },
    })
    const { url }: FlatJson = JSON.parse(answer.bytes.toString())

    assert.equal(answer.status, 201)
    assert.equal(await statusOf(url), 200)
  })

  test('a custom uploader does what it says', async ({ assert }) => {
    const answer = await tool.get(SXCU)
    const sxcu: SxcuJson = JSON.parse(answer.bytes.toString())

    assert.equal(answer.headers.get('content-disposition'), 'attachment; filename="picfast.sxcu"')
    assert.equal(answer.headers.get('cache-control'), 'no-store')
    assert.match(sxcu.Version, /^1[5-9]\./)
    assert.deepEqual(sxcu.Headers, { Authorization: `Bearer ${tool.token}` })

    const uploaded = await fetch(sxcu.RequestURL, {
      method: sxcu.RequestMethod,
      headers: sxcu.Headers ?? {},
      body: formWith(bytes, 'shot.jpg', sxcu.FileFormName),
    })
    const given: Record<string, string> = JSON.parse(await uploaded.text())
    const read = (syntax: string) => given[/^\{json:(\w+)\}$/.exec(syntax)?.[1] ?? ''] ?? ''

    assert.equal(uploaded.status, 201)
    assert.equal(await statusOf(read(sxcu.URL)), 200)
    assert.equal(await statusOf(read(sxcu.ThumbnailURL)), 200)
    const refused = await fetch(sxcu.RequestURL, { method: 'POST', body: formWith(bytes) })
    assert.equal(refused.status, 403)
    assert.isAbove(JSON.parse(await refused.text())['message'].length, 0)
  })

  test('a custom uploader of nobody holds no credentials', async ({ assert }) => {
    const { bytes: sent } = await api.get(SXCU)

    assert.notProperty(JSON.parse(sent.toString()), 'Headers')
  })

  test('a deletion URL works once, without a login', async ({ assert }) => {
    const { status, bare } = await send<SharexJson>(SHAREX)

    assert.equal(status, 201)
    assert.equal(await statusOf(bare.deletion_url), 200)
    assert.equal(await statusOf(bare.url), 404)
    assert.equal(await statusOf(bare.deletion_url), 404)
    assert.equal(await statusOf(`${bare.deletion_url}x`), 404)
  })

  test('of two who open it at once, both learn that it is gone', async ({ assert }) => {
    const { bare } = await send<SharexJson>(SHAREX)
    const statuses = await Promise.all([
      statusOf(bare.deletion_url),
      statusOf(bare.deletion_url),
      statusOf(bare.deletion_url),
    ])

    assert.include(statuses, 200)
    assert.isTrue(statuses.every((status) => [200, 404].includes(status)))
    assert.equal(await statusOf(bare.url), 404)
  })

  test('a browser that looks ahead deletes nothing: {name}')
    .with([
      { name: 'sec-purpose', value: 'prefetch;prerender' },
      { name: 'purpose', value: 'prefetch' },
      { name: 'x-moz', value: 'prefetch' },
    ])
    .run(async ({ assert }, { name, value }) => {
      const { bare } = await send<SharexJson>(SHAREX)

      assert.equal(await statusOf(bare.deletion_url, 'GET', { [name]: value }), 503)
      assert.equal(await statusOf(bare.url), 200)
      assert.equal(await statusOf(bare.deletion_url), 200)
    })

  test('neither does a HEAD', async ({ assert }) => {
    const { bare } = await send<SharexJson>(SHAREX)

    assert.equal(await statusOf(bare.deletion_url, 'HEAD'), 200)
    assert.equal(await statusOf(bare.url), 200)
  })

  test('{$self} takes uploads of visitors where the site lets them, and no others')
    .with([FLAT, SHAREX, '/api/v1/upload'])
    .run(async ({ assert }, path) => {
      await letGuestsIn(false)
      const refused = await send(path, api)
      await letGuestsIn(true)
      const taken = await send(path, api)
      const bad = await send(path, api.as('nonsense'))
      await letGuestsIn(false)

      assert.equal(refused.status, 403)
      assert.equal(taken.status, 201)
      assert.equal(bad.status, 401)
    })

  test('a visitor deletes what they uploaded by its URL', async ({ assert }) => {
    await letGuestsIn(true)
    const { bare } = await send<SharexJson>(SHAREX, api)
    await letGuestsIn(false)

    assert.equal(await statusOf(bare.url), 200)
    assert.equal(await statusOf(bare.deletion_url), 200)
    assert.equal(await statusOf(bare.url), 404)
  })

  test('a token that may only read uploads nothing', async ({ assert }) => {
    const { data } = await user.post<NewApiTokenJson>('/api/v1/api-tokens', {
      json: { name: 'reader', scopes: ['read'] },
    })

    assert.equal((await send(SHAREX, api.as(data.token))).status, 403)
    assert.equal((await api.as(data.token).get(SXCU)).status, 403)
  })
})
