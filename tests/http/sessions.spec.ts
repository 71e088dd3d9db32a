import { test } from '@japa/runner'
import { SignJWT } from 'jose'
import { AccessTokens } from '#auth/access_tokens'
import type { ApiClient, NewApiTokenJson, TokensJson, UserJson } from '#tests/helpers/api'
import { TEST_SITE_KEY } from '#tests/helpers/event_store'
import { waitFor } from '#tests/helpers/wait_for'
import {
  ADMIN,
  startWebServer,
  SYSTEM,
  testHasher,
  USER_PASSWORD,
  type TestWebServer,
} from '#tests/helpers/web_server'

const ME = '/api/v1/users/me'

test.group('Sessions', (group) => {
  group.each.timeout(30_000)
  let server: TestWebServer
  let api: ApiClient

  group.setup(async () => {
    server = await startWebServer()
    api = server.api
    await server.setUp()
    return () => server.stop()
  })

  const login = (email = ADMIN.email, password = ADMIN.password) =>
    api.post<TokensJson>('/api/v1/auth/login', { json: { email, password } })
  const refresh = (token: string) =>
    api.post<TokensJson>('/api/v1/auth/refresh', { json: { refresh_token: token } })

  const eventTypes = async (accountId: number) =>
    (await server.services.eventStore.readStream(`account-${accountId}`)).map(({ type }) => type)

  test('a wrong address and a wrong password get the same answer', async ({ assert }) => {
    const wrongPassword = await login(ADMIN.email, 'not the password')
    const wrongEmail = await login('nobody@example.org', ADMIN.password)

    assert.equal(wrongPassword.status, 401)
    assert.equal(wrongEmail.status, 401)
    assert.equal(wrongPassword.message, wrongEmail.message)
    await waitFor(async () => (await eventTypes(1)).includes('account.sign_in_failed'), {
      what: 'the failed sign-in in the log',
    })
  })

  test('a wrong address and a wrong password take the same time', async ({ assert }) => {
    const time = async (email: string) => {
      const start = performance.now()
      await login(email, 'not the password')
      return performance.now() - start
    }
    const median = (times: number[]) => times.toSorted((a, b) => a - b)[times.length >> 1] ?? 0
    const known: number[] = []
    const unknown: number[] = []
    for (let round = 0; round < 15; round++) {
      known.push(await time(ADMIN.email))
      unknown.push(await time('nobody@example.org'))
    }

    assert.isBelow(median(known), median(unknown) * 2)
    assert.isBelow(median(unknown), median(known) * 2)
    assert.isAbove(median(unknown), 5, 'a hash was worked on')
  })

  test('a refresh token is good once', async ({ assert }) => {
    const first = await login()
    const second = await refresh(first.data.refresh_token)
    const reused = await refresh(first.data.refresh_token)
    const afterwards = await refresh(second.data.refresh_token)

    assert.equal(second.status, 200)
    assert.equal(reused.status, 401)
    assert.equal(afterwards.status, 401, 'the whole family is revoked')
    assert.equal((await api.as(second.data.access_token).get(ME)).status, 401)
    assert.include(await eventTypes(1), 'account.session_revoked')
  })

  test('re-use of one sign-in leaves another alone', async ({ assert }) => {
    const stolen = await login()
    const other = await login()
    await refresh(stolen.data.refresh_token)
    await refresh(stolen.data.refresh_token)

    assert.equal((await api.as(other.data.access_token).get(ME)).status, 200)
    assert.equal((await refresh(other.data.refresh_token)).status, 200)
  })

  test('of many exchanges of one token at once at most one succeeds', async ({ assert }) => {
    for (let round = 0; round < 5; round++) {
      const { data } = await login()
      const answers = await Promise.all(
        Array.from({ length: 8 }, () => refresh(data.refresh_token))
      )
      const succeeded = answers.filter(({ status }) => status === 200)

      assert.lengthOf(succeeded, 1)
      assert.equal((await refresh(succeeded[0]?.data.refresh_token ?? '')).status, 401)
    }
  })

  test('an expired refresh token is refused', async ({ assert }) => {
    const { data } = await login()
    await server.services.pool.query(
      `update secrets.refresh_tokens set expires_at = now() - interval '1 second'
       where id = (select id from secrets.refresh_tokens order by created_at desc limit 1)`
    )

    assert.equal((await refresh(data.refresh_token)).status, 401)
  })

  test('only hashes of refresh tokens are kept', async ({ assert }) => {
    const { data } = await login()
    const { rows } = await server.services.pool.query<{ text: string }>(
      'select row_to_json(t)::text as text from secrets.refresh_tokens t'
    )

    assert.isFalse(rows.some(({ text }) => text.includes(data.refresh_token)))
  })

  test('signing out ends all sessions at once', async ({ assert }) => {
    const one = await login()
    const other = await login()
    const signedOut = await api.as(one.data.access_token).post('/api/v1/auth/logout')

    assert.equal(signedOut.status, 200)
    for (const { data } of [one, other]) {
      assert.equal((await refresh(data.refresh_token)).status, 401)
      assert.equal((await api.as(data.access_token).get(ME)).status, 401)
    }
    assert.includeMembers(await eventTypes(1), ['account.signed_in', 'account.signed_out'])
  })

  test('a token that is not ours opens nothing', async ({ assert }) => {
    const { data } = await login()
    const [header = '', payload = '', signature = ''] = data.access_token.split('.')
    const claims: Record<string, unknown> = JSON.parse(Buffer.from(payload, 'base64url').toString())
    const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const otherKey = new AccessTokens('another key of 32 characters, and more')
    const accountId = Number(claims['sub'])
    const sessionId = String(claims['sid'])
    const forged = [
      `${header}.${encode({ ...claims, role: 'admin', sub: '2' })}.${signature}`,
      `${encode({ alg: 'none', typ: 'at+jwt' })}.${payload}.`,
      await otherKey.issue({ accountId, sessionId, role: 'admin' }),
      await new SignJWT(claims)
        .setProtectedHeader({ alg: 'HS256' })
        .sign(Buffer.from(TEST_SITE_KEY)),
      `${header}.${payload}.${signature.slice(0, -2)}`,
      'img_' + 'a'.repeat(43),
      'nonsense',
      'a.b.c',
    ]

    for (const token of forged) {
      assert.equal((await api.as(token).get(ME)).status, 401, token)
    }
    assert.equal((await api.as(data.access_token).get(ME)).status, 200)
  })

  test('an access token expires after a quarter of an hour', async ({ assert }) => {
    const { data } = await login()
    const payload: { exp: number; iat: number; sub: string; sid: string } = JSON.parse(
      Buffer.from(data.access_token.split('.')[1] ?? '', 'base64url').toString()
    )
    const anHourAgo = new Date(Date.now() - 3_600_000)
    const expired = await new AccessTokens(TEST_SITE_KEY).issue(
      { accountId: Number(payload.sub), sessionId: payload.sid, role: 'admin' },
      anHourAgo
    )

    assert.equal(payload.exp - payload.iat, 900)
    assert.equal(data.expires_in, 900)
    assert.equal((await api.as(expired).get(ME)).status, 401)
  })

  test('a frozen account is cut off at once, and renews nothing', async ({ assert }) => {
    const user = await server.addUser('cold@example.org')
    const { data } = await login('cold@example.org', USER_PASSWORD)
    const { data: tool } = await user.post<NewApiTokenJson>('/api/v1/api-tokens', {
      json: { name: 'x' },
    })
    const { data: me } = await user.get<UserJson>(ME)
    await server.services.handlers.account.administerAccount(
      { accountId: me.id, frozen: true },
      SYSTEM
    )
    await waitFor(async () => (await user.get(ME)).status === 403, { what: 'the freeze' })

    assert.equal((await api.as(tool.token).get(ME)).status, 403)
    assert.equal((await refresh(data.refresh_token)).status, 403)
    assert.equal((await login('cold@example.org', USER_PASSWORD)).status, 403)
    assert.equal((await login('cold@example.org', 'not the password')).status, 401)
  })

  test('signing in renews a hash that was made with other parameters', async ({ assert }) => {
    const hashOf = async (email: string) => {
      const { rows } = await server.services.pool.query<{ password_hash: string }>(
        `select password_hash from secrets.credentials
         join read.accounts using (account_id) where email = $1`,
        [email]
      )
      return rows[0]?.password_hash ?? ''
    }
    const cheap = await testHasher.make(USER_PASSWORD)
    await server.addUser('old@example.org')
    await server.services.pool.query(
      `update secrets.credentials set password_hash = $1
       where account_id = (select account_id from read.accounts where email = 'old@example.org')`,
      [cheap]
    )
    await login('old@example.org', 'not the password')
    const afterFailure = await hashOf('old@example.org')
    await login('old@example.org', USER_PASSWORD)
    const renewed = await hashOf('old@example.org')

    assert.equal(afterFailure, cheap)
    assert.match(renewed, /^\$argon2id\$.*m=19456,t=2,p=1/)
    assert.equal((await login('old@example.org', USER_PASSWORD)).status, 200)
    assert.equal(await hashOf('old@example.org'), renewed)
  })

  test('credentials of another kind are none', async ({ assert }) => {
    const { data } = await login()
    for (const authorization of ['', 'Bearer', `Basic ${data.access_token}`, data.access_token]) {
      const { status } = await api.get(ME, { headers: { authorization } })
      assert.equal(status, 401, authorization)
    }
    const lowerCase = await api.get(ME, {
      headers: { authorization: `bearer ${data.access_token}` },
    })
    assert.equal(lowerCase.status, 200)
  })
})
