import { test } from '@japa/runner'
import { Redis } from 'ioredis'
import { ApiClient, type NewApiTokenJson, type TokensJson, type UserJson } from '#tests/helpers/api'
import { startOneMoreWebServer, startWorker, type SiteProcess } from '#tests/helpers/site_process'
import { TestSmtpServer } from '#tests/helpers/smtp_server'
import { waitFor } from '#tests/helpers/wait_for'
import { startWebServer, SYSTEM, type TestWebServer } from '#tests/helpers/web_server'

const AUTH = '/api/v1/auth'
const ME = '/api/v1/users/me'
const SETTINGS = '/api/v1/admin/settings'
const PASSWORD = 'correct horse'
const NEW_PASSWORD = 'battery staple'
const UNKNOWN_TOKEN = 'x'.repeat(43)

interface RegistrationJson {
  requires_email_verification: boolean
  verification_email_sent: boolean
  tokens?: TokensJson
}

test.group('Registration, with mail', (group) => {
  group.each.timeout(60_000)
  let smtp: TestSmtpServer
  let environment: Record<string, string>
  let server: TestWebServer
  let api: ApiClient
  let admin: ApiClient
  let worker: SiteProcess

  group.setup(async () => {
    smtp = await TestSmtpServer.start()
    environment = {
      SMTP_HOST: '127.0.0.1',
      SMTP_PORT: String(smtp.port),
      MAIL_FROM: 'PicFast <picfast@example.org>',
      LOG_LEVEL: 'trace',
      APP_URL: 'https://pics.example.org/',
    }
    server = await startWebServer({ ...environment, LOG_LEVEL: 'silent' })
    api = server.api
    admin = await server.setUp()
    worker = startWorker(server.services.config, environment)
    return async () => {
      await worker.stop()
      await server.stop()
      await smtp.stop()
    }
  })

  group.each.setup(async () => {
    await admin.put(SETTINGS, {
      json: { allow_registration: true, require_email_verification: true },
    })
  })

  const register = (email: string, client = api) =>
    client.post<RegistrationJson>(`${AUTH}/register`, {
      json: { email, password: PASSWORD, name: 'Grace' },
    })
  const login = (email: string, password = PASSWORD) =>
    api.post<TokensJson>(`${AUTH}/login`, { json: { email, password } })
  const verify = (token: string) => api.post(`${AUTH}/verify-email`, { json: { token } })
  const resend = (email: string) => api.post(`${AUTH}/resend-verification`, { json: { email } })
  const forgot = (email: string) => api.post(`${AUTH}/forgot-password`, { json: { email } })
  const reset = (token: string, password = NEW_PASSWORD) =>
    api.post(`${AUTH}/reset-password`, { json: { token, password } })

  /** Registers and confirms the address; answers the account's id. */
  const join = async (email: string): Promise<number> => {
    await register(email)
    await verify((await smtp.nextFor(email)).token)
    const { data } = await login(email)
    return (await api.as(data.access_token).get<UserJson>(ME)).data.id
  }

  const work = async (state: string) => {
    const { rows } = await server.services.pool.query<{ text: string }>(
      `select row_to_json(l)::text as text from run.job_ledger l
       where queue = 'mail' and state = any(string_to_array($1, ' '))`,
      [state]
    )
    return rows.map(({ text }) => text)
  }

  /** All that was asked for by now is sent, or was found not to be due. */
  const untilMailsAreOut = async () => {
    const { position } = await server.services.eventStore.head()
    await waitFor(
      async () => {
        const { rows } = await server.services.pool.query<{ relayed: boolean }>(
          'select position >= $1 as relayed from run.relay_checkpoint',
          [position]
        )
        return rows[0]?.relayed && (await work('owed dispatched')).length === 0
      },
      { what: 'all mails to be out', timeoutMs: 30_000 }
    )
  }

  test('an address is confirmed by the mail, then it signs in', async ({ assert }) => {
    const email = 'story@example.org'
    const registered = await register(' Story@Example.org ')
    const early = await login(email)
    const wrong = await login(email, 'not the password')
    const { mail, token } = await smtp.nextFor(email)
    const confirmed = await verify(token)
    const signedIn = await login(email)
    const me = await api.as(signedIn.data.access_token).get<UserJson>(ME)

    assert.equal(registered.status, 201)
    assert.deepEqual(registered.data, {
      requires_email_verification: true,
      verification_email_sent: true,
    })
    assert.equal(early.status, 403)
    assert.match(early.message, /confirm/i)
    assert.equal(wrong.status, 401, 'only who knows the password is told')
    assert.equal(mail.from?.text, '"PicFast" <picfast@example.org>')
    assert.equal(mail.subject, 'Confirm your e-mail address for PicFast')
    const link = `https://pics.example.org/verify-email?token=${token}`
    assert.include(mail.text, link)
    assert.include(mail.html || '', `href="${link}"`)
    assert.include(mail.text, 'https://pics.example.org/api/v1/auth/verify-email')
    assert.equal(confirmed.status, 200)
    assert.equal((await verify(token)).status, 400, 'good once')
    assert.equal(signedIn.status, 200)
    assert.containsSubset(me.data, { email, role: 'user', email_verified: true, status: 1 })
  })

  test('is refused where it is closed', async ({ assert }) => {
    await admin.put(SETTINGS, { json: { allow_registration: false } })

    assert.equal((await register('closed@example.org')).status, 403)
  })

  test('an address is taken by one, however many want it', async ({ assert }) => {
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, index) =>
        register(index % 2 === 0 ? 'wanted@example.org' : 'Wanted@EXAMPLE.org')
      )
    )
    const codes = answers.map(({ status }) => status).toSorted()

    assert.deepEqual(codes, [201, ...Array.from({ length: 11 }, () => 409)])
  })

  test('signs in at once where nothing is to be confirmed', async ({ assert }) => {
    await admin.put(SETTINGS, {
      json: { require_email_verification: false, user_initial_capacity: 4_321 },
    })
    const email = 'at.once@example.org'
    const { status, data } = await register(email)
    const me = await api.as(data.tokens?.access_token ?? '').get<UserJson>(ME)
    await untilMailsAreOut()

    assert.equal(status, 201)
    assert.isFalse(data.requires_email_verification)
    assert.isFalse(data.verification_email_sent)
    assert.containsSubset(me.data, { email, email_verified: false, capacity_bytes: 4_321 })
    assert.isEmpty(smtp.takenFor(email))
    assert.equal((await login(email)).status, 200)
  })

  test("what the default group says of new accounts' capacity holds", async ({ assert }) => {
    await admin.put('/api/v1/admin/groups/1', { json: { configs: { user_capacity_bytes: 1_234 } } })
    await admin.put(SETTINGS, { json: { require_email_verification: false } })
    const { data } = await register('roomy@example.org')
    const me = await api.as(data.tokens?.access_token ?? '').get<UserJson>(ME)

    assert.equal(me.data.capacity_bytes, 1_234)
  })

  test('another mail voids the one before', async ({ assert }) => {
    const email = 'again@example.org'
    await register(email)
    const first = await smtp.nextFor(email)
    const asked = await resend(email)
    const second = await smtp.nextFor(email, 2)

    assert.equal(asked.status, 200)
    assert.equal((await verify(first.token)).status, 400)
    assert.equal((await verify(second.token)).status, 200)
  })

  test('asking for a mail tells nothing of who has an account', async ({ assert }) => {
    await join('known@example.org')
    const before = smtp.mails.length
    const answers = [
      await resend('known@example.org'),
      await resend('nobody@example.org'),
      await resend('nobody@example.org'),
    ]
    const asked = [await forgot('nobody@example.org'), await forgot('ada@example.org')]
    await smtp.nextFor('ada@example.org')
    await untilMailsAreOut()

    assert.lengthOf(new Set(answers.map(({ bytes }) => bytes.toString())), 1)
    assert.lengthOf(new Set(asked.map(({ bytes }) => bytes.toString())), 1)
    assert.equal(smtp.mails.length, before + 1, 'the one to Ada')
  })

  test('asking for a mail takes the same time for everybody', async ({ assert }) => {
    const time = async (email: string) => {
      const start = performance.now()
      await forgot(email)
      return performance.now() - start
    }
    const median = (times: number[]) => times.toSorted((a, b) => a - b)[times.length >> 1] ?? 0
    const known: number[] = []
    const unknown: number[] = []
    for (let round = 0; round < 21; round++) {
      known.push(await time('ada@example.org'))
      unknown.push(await time('nobody@example.org'))
    }

    assert.isBelow(median(known), median(unknown) * 2 + 2)
    assert.isBelow(median(unknown), median(known) * 2 + 2)
  })

  test('of many uses of one token at once one succeeds', async ({ assert }) => {
    const email = 'race@example.org'
    await register(email)
    const { token } = await smtp.nextFor(email)
    const answers = await Promise.all(Array.from({ length: 10 }, () => verify(token)))

    assert.lengthOf(
      answers.filter(({ status }) => status === 200),
      1
    )
    assert.lengthOf(
      answers.filter(({ status }) => status === 400),
      9
    )
  })

  test('a token is good for its time and its purpose', async ({ assert }) => {
    const email = 'late@example.org'
    await register(email)
    const { token } = await smtp.nextFor(email)
    const { rows } = await server.services.pool.query<{ hours: number }>(
      `select round(extract(epoch from expires_at - created_at) / 3600)::int as hours
       from secrets.mailed_tokens order by created_at desc limit 1`
    )
    assert.equal(rows[0]?.hours, 24)
    assert.equal((await reset(token)).status, 400, 'it sets no password')
    await server.services.pool.query(
      `update secrets.mailed_tokens set expires_at = now() - interval '1 second'
       where created_at = (select max(created_at) from secrets.mailed_tokens)`
    )
    const expired = await verify(token)

    assert.equal(expired.status, 400)
    assert.deepEqual(expired.data, (await verify(UNKNOWN_TOKEN)).data)
    assert.property(expired.data, 'token')
  })

  test('a forgotten password is set anew, and all sessions end', async ({ assert }) => {
    const email = 'forgetful@example.org'
    await join(email)
    const session = api.as((await login(email)).data.access_token)
    const tool = await session.post<NewApiTokenJson>('/api/v1/api-tokens', { json: { name: 'x' } })
    await forgot(email)
    const { mail, token } = await smtp.nextFor(email, 2)
    const tooShort = await reset(token, 'short')
    const done = await reset(token)

    assert.equal(mail.subject, 'Set a new password for PicFast')
    assert.include(mail.text, `https://pics.example.org/reset-password?token=${token}`)
    assert.equal(tooShort.status, 400)
    assert.equal(done.status, 200)
    assert.equal((await reset(token)).status, 400, 'good once')
    assert.equal((await session.get(ME)).status, 401)
    assert.equal((await api.as(tool.data.token).get(ME)).status, 200, 'API tokens stay')
    assert.equal((await login(email)).status, 401)
    assert.equal((await login(email, NEW_PASSWORD)).status, 200)
  })

  test('who sets a password by mail has confirmed the address', async ({ assert }) => {
    const email = 'by.reset@example.org'
    await register(email)
    await forgot(email)
    const { token } = await smtp.nextFor(email, 2)
    const resetMail = smtp.takenFor(email).find(({ mail }) => mail.subject?.startsWith('Set'))
    await reset(resetMail?.token ?? token)

    assert.equal((await login(email, NEW_PASSWORD)).status, 200)
  })

  test('a link is void when the password or the address has changed since', async ({ assert }) => {
    const email = 'moving@example.org'
    const id = await join(email)
    await forgot(email)
    const first = await smtp.nextFor(email, 2)
    await admin.put(`/api/v1/admin/users/${id}`, { json: { password: PASSWORD } })
    assert.equal((await reset(first.token)).status, 400)

    await forgot(email)
    const second = await smtp.nextFor(email, 3)
    await admin.put(`/api/v1/admin/users/${id}`, { json: { email: 'moved@example.org' } })
    assert.equal((await reset(second.token)).status, 400)
    assert.equal((await login('moved@example.org')).status, 200)
  })

  test('a frozen or deleted account gets no mail and uses no link', async ({ assert }) => {
    const email = 'frozen@example.org'
    const id = await join(email)
    await forgot(email)
    const { token } = await smtp.nextFor(email, 2)
    await admin.put(`/api/v1/admin/users/${id}`, { json: { status: 0 } })
    assert.equal((await reset(token)).status, 400)
    assert.equal((await login(email)).status, 403)
    const { account } = server.services.handlers
    await account.requestPasswordReset({ accountId: id }, SYSTEM)
    await untilMailsAreOut()
    assert.lengthOf(smtp.takenFor(email), 2)

    await admin.delete(`/api/v1/admin/users/${id}`)
    assert.equal((await reset(token)).status, 400)
    assert.equal((await login(email)).status, 401)
  })

  test('a mail that is not taken is sent later, with another secret', async ({
    assert,
    cleanup,
  }) => {
    cleanup(() => {
      smtp.refusing = null
    })
    const email = 'patient@example.org'
    smtp.refusing = 'mails'
    await register(email)
    const refused = await waitFor(() => smtp.mails.find(({ to }) => to === email), {
      what: 'a refused mail',
      timeoutMs: 20_000,
    })
    smtp.refusing = 'recipients'
    const [failed = ''] = await waitFor(
      async () => {
        const rows = await work('owed dispatched')
        return rows.some((row) => row.includes('EENVELOPE 550')) ? rows : null
      },
      { what: 'a refused recipient', timeoutMs: 20_000 }
    )
    smtp.refusing = null
    const { token } = await smtp.nextFor(email)

    assert.notInclude(failed, email)
    assert.notInclude(worker.output(), email)
    assert.notEqual(token, refused.token)
    assert.equal((await verify(refused.token)).status, 400)
    assert.equal((await verify(token)).status, 200)
  })

  test('secrets and addresses are in mails and nowhere else', async ({ assert, cleanup }) => {
    const { config, eventStore, pool } = server.services
    const redis = new Redis(config.redisUrl)
    const monitor = await redis.monitor()
    const seen: string[] = []
    monitor.on('monitor', (_time: string, args: string[]) => seen.push(args.join(' ')))
    const other = await startOneMoreWebServer(config, environment)
    cleanup(async () => {
      monitor.disconnect()
      redis.disconnect()
      await other.stop()
    })
    const email = 'discreet@example.org'
    await register(email, new ApiClient(other.url, server.checker))
    const { token } = await smtp.nextFor(email)
    const used = await new ApiClient(other.url, server.checker).post(`${AUTH}/verify-email`, {
      json: { token },
    })
    assert.equal(used.status, 200)

    const { position } = await eventStore.head()
    const { rows } = await pool.query<{ text: string }>(
      `select row_to_json(e)::text as text from log.events e where position <= $1
       union all select row_to_json(l)::text from run.job_ledger l
       union all select row_to_json(t)::text from secrets.mailed_tokens t`,
      [position]
    )
    assert.isNotEmpty(seen.filter((command) => command.includes('mail-')))
    for (const secret of [token, email]) {
      assert.isFalse(
        seen.some((command) => command.includes(secret)),
        'Redis'
      )
      assert.isFalse(
        rows.some(({ text }) => text.includes(secret)),
        'the database'
      )
      assert.notInclude(worker.output(), secret)
      assert.notInclude(other.output(), secret)
    }
    assert.isNotEmpty(other.output())
  })
})

test.group('A mail server that is away', (group) => {
  group.each.timeout(60_000)

  test('gets the mails when it is back', async ({ assert, cleanup }) => {
    const before = await TestSmtpServer.start()
    const { port } = before
    await before.stop()
    const mail = {
      SMTP_HOST: '127.0.0.1',
      SMTP_PORT: String(port),
      MAIL_FROM: 'picfast@example.org',
    }
    const server = await startWebServer(mail)
    const worker = startWorker(server.services.config, mail)
    cleanup(async () => {
      await worker.stop()
      await server.stop()
    })
    const admin = await server.setUp()
    await admin.put(SETTINGS, {
      json: { allow_registration: true, require_email_verification: true },
    })
    const email = 'waiting@example.org'
    await server.api.post(`${AUTH}/register`, {
      json: { email, password: PASSWORD, name: 'Grace' },
    })
    await waitFor(
      async () => {
        const { rows } = await server.services.pool.query(
          `select 1 from run.job_ledger where queue = 'mail' and last_error like '%ESOCKET%'`
        )
        return rows.length > 0
      },
      { what: 'a failed try', timeoutMs: 20_000 }
    )
    const redis = new Redis(server.services.config.redisUrl)
    await redis.flushdb()
    redis.disconnect()
    const smtp = await TestSmtpServer.start(port)
    cleanup(() => smtp.stop())
    const { token } = await smtp.nextFor(email)
    const { status } = await server.api.post(`${AUTH}/verify-email`, { json: { token } })

    assert.equal(status, 200)
  })
})

test.group('Registration, without mail', (group) => {
  group.each.timeout(60_000)
  let server: TestWebServer
  let admin: ApiClient

  group.setup(async () => {
    server = await startWebServer()
    admin = await server.setUp()
    await admin.put(SETTINGS, {
      json: { allow_registration: true, require_email_verification: true },
    })
    return () => server.stop()
  })

  test('nothing has to be confirmed, and the settings say so', async ({ assert }) => {
    const email = 'unmailed@example.org'
    const { data } = await server.api.post<RegistrationJson>(`${AUTH}/register`, {
      json: { email, password: PASSWORD, name: 'Grace' },
    })
    const login = await server.api.post(`${AUTH}/login`, { json: { email, password: PASSWORD } })
    const settings = await admin.get(SETTINGS)

    assert.isFalse(data.requires_email_verification)
    assert.isDefined(data.tokens)
    assert.equal(login.status, 200)
    assert.containsSubset(settings.data, { email_verification_ready: false })
  })

  test('mails cannot be asked for, whoever asks', async ({ assert }) => {
    for (const path of ['resend-verification', 'forgot-password']) {
      for (const email of ['ada@example.org', 'nobody@example.org']) {
        const { status, message } = await server.api.post(`${AUTH}/${path}`, { json: { email } })
        assert.equal(status, 503)
        assert.match(message, /no mail/)
      }
    }
  })
})
