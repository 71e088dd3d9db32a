import { test } from '@japa/runner'
import { plainPng } from '#tests/fixtures/images'
import {
  ApiClient,
  type ImageJson,
  type NewApiTokenJson,
  type TokensJson,
} from '#tests/helpers/api'
import { startOneMoreWebServer, startWorker, type SiteProcess } from '#tests/helpers/site_process'
import { TestSmtpServer } from '#tests/helpers/smtp_server'
import { waitFor } from '#tests/helpers/wait_for'
import { ADMIN, startWebServer, type TestWebServer } from '#tests/helpers/web_server'

interface Line {
  level: number
  msg: string
  request_id?: string
  method?: string
  route?: string | null
  status?: number
  ms?: number
  role?: string
  err?: { type: string; message: string; stack: string }
}

const ERROR = 50
const WARNING = 40

function linesOf(site: SiteProcess): Line[] {
  return site
    .output()
    .split('\n')
    .filter(Boolean)
    .map((line): Line => JSON.parse(line))
}

test.group('Logs', (group) => {
  group.each.timeout(120_000)
  let smtp: TestSmtpServer
  let server: TestWebServer
  let web: SiteProcess & { url: string }
  let worker: SiteProcess
  let api: ApiClient

  group.setup(async () => {
    smtp = await TestSmtpServer.start()
    const mail = {
      SMTP_HOST: '127.0.0.1',
      SMTP_PORT: String(smtp.port),
      MAIL_FROM: 'PicFast <picfast@example.org>',
    }
    server = await startWebServer(mail)
    await server.setUp()
    const environment = { ...mail, LOG_LEVEL: 'trace', TRUSTED_PROXIES: 'loopback' }
    web = await startOneMoreWebServer(server.services.config, environment)
    worker = startWorker(server.services.config, environment)
    api = new ApiClient(web.url, server.checker)
    return async () => {
      await web.stop()
      await worker.stop()
      await server.stop()
      await smtp.stop()
    }
  })

  /** The one line that says how a request was answered. */
  const accessLine = (requestId: string | null) =>
    waitFor(() => linesOf(web).find((line) => line.request_id === requestId && line.method), {
      what: `a line of ${requestId}`,
    })

  test('have a line for each request: its route, its outcome, and its id', async ({ assert }) => {
    const { headers } = await api.get('/api/v1/images/k3x9ab?keyword=a')
    const id = headers.get('x-request-id')
    const lost = await api.get('/nowhere', { headers: { 'x-request-id': 'chosen-by-the-client' } })

    assert.containsSubset(await accessLine(id), {
      method: 'GET',
      route: '/api/v1/images/:key',
      status: 401,
      msg: 'Answered',
    })
    assert.isAtLeast((await accessLine(id)).ms ?? -1, 0)
    assert.equal(lost.headers.get('x-request-id'), 'chosen-by-the-client')
    assert.containsSubset(await accessLine('chosen-by-the-client'), { route: null, status: 404 })
  })

  test('hold nothing of what people are, have or know', async ({ assert }) => {
    const email = 'grace.hopper@people.example.org'
    const password = 'a password that nobody logs'
    const address = '203.0.113.77'
    const headers = { 'x-forwarded-for': address, 'user-agent': 'Browser-Of-Grace/1.0' }
    const said = [email, password, address, headers['user-agent'], ADMIN.email, ADMIN.password]

    const admin = (await api.post<TokensJson>('/api/v1/auth/login', { json: ADMIN, headers })).data
    await api.as(admin.access_token).put('/api/v1/admin/settings', {
      json: {
        allow_registration: true,
        allow_guest_upload: true,
        require_email_verification: true,
      },
    })
    smtp.refusing = 'recipients'
    const registration = { email, password, name: 'Grace-Named' }
    await api.post('/api/v1/auth/register', { json: registration, headers })
    await waitFor(() => linesOf(worker).some(({ level }) => level === WARNING), {
      what: 'the worker to tell of a mail that was not taken',
      timeoutMs: 30_000,
    })
    smtp.refusing = null
    const { token: mailed } = await smtp.nextFor(email)
    await api.post('/api/v1/auth/verify-email', { json: { token: mailed }, headers })
    const tokens = (
      await api.post<TokensJson>('/api/v1/auth/login', { json: { email, password }, headers })
    ).data
    const user = api.as(tokens.access_token)
    await api.post('/api/v1/auth/refresh', { json: { refresh_token: tokens.refresh_token } })
    const { data: made } = await user.post<NewApiTokenJson>('/api/v1/api-tokens', {
      json: { name: 'Laptop-Of-Grace' },
    })

    const tool = api.as(made.token)
    const { data: image } = await tool.upload<ImageJson>(await plainPng(), 'Holiday-With-Ada.png')
    await tool.get('/api/v1/sharex/config')
    const form = new FormData()
    form.append('file', new Blob([Uint8Array.from(await plainPng(3, 4))]), 'Holiday-With-Ada.png')
    const shot = await api.post('/api/v1/sharex/upload', {
      body: form,
      headers: { 'x-api-token': made.token },
    })
    const { deletion_url: deletion }: { deletion_url: string } = JSON.parse(shot.bytes.toString())
    await user.get('/api/v1/images?keyword=Holiday-With-Ada')
    await user.post('/api/v1/albums', { json: { name: 'Album-Of-Grace' } })

    await api.post('/api/v1/auth/login', { json: { email, password: 'a-Wrong-password' }, headers })
    await api.post('/api/v1/auth/login', {
      body: `{"email": "${email}", "password": "${password}"`,
      headers: { 'content-type': 'application/json' },
    })
    await api.get(`/nowhere/${made.token}?token=${mailed}`)
    await api.as(`${made.token}x`).get('/api/v1/users/me')
    await tool.upload(Buffer.from('no image at all'), 'Letter-To-Ada.txt')
    await tool.get('/api/v1/images?date_from=Nonsense-Of-Grace')
    const last = await api.get(new URL(deletion).pathname)
    await accessLine(last.headers.get('x-request-id'))

    said.push(
      ...[mailed, tokens.access_token, tokens.refresh_token, admin.access_token, made.token],
      ...['Grace', 'Ada', 'a-Wrong-password', deletion.split('/').at(-1) ?? '', image.key],
      ...[server.services.config.appKey, server.services.config.databaseUrl]
    )
    for (const output of [web.output(), worker.output()]) {
      assert.deepEqual(
        said.filter((value) => output.includes(value)),
        []
      )
    }
  })

  test('tell of a fault under the id of the request, without the values at work', async ({
    assert,
  }) => {
    const { data } = await api.post<TokensJson>('/api/v1/auth/login', { json: ADMIN })
    await server.services.pool.query('alter table read.albums rename to albums_away')
    let id: string | null = null
    try {
      const answer = await fetch(`${web.url}/api/v1/albums?keyword=What-Was-Sought`, {
        headers: { authorization: `Bearer ${data.access_token}` },
      })
      assert.equal(answer.status, 500)
      id = answer.headers.get('x-request-id')
    } finally {
      await server.services.pool.query('alter table read.albums_away rename to albums')
    }
    const told = await waitFor(
      () => linesOf(web).find((line) => line.request_id === id && line.level === ERROR),
      { what: 'the fault in the log' }
    )

    assert.equal(told.route, '/api/v1/albums')
    assert.include(told.err?.message ?? '', 'read.albums')
    assert.match(told.err?.stack ?? '', /^at /)
    assert.notInclude(web.output(), 'What-Was-Sought')
  })

  test('of workers are lines of the same kind', async ({ assert }) => {
    const lines = linesOf(worker)

    assert.isNotEmpty(lines.filter(({ role }) => role === 'worker'))
    assert.isTrue(lines.every(({ level, msg }) => level > 0 && msg.length > 0))
  })
})
