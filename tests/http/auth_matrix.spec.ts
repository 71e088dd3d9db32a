import { test } from '@japa/runner'
import { plainPng } from '#tests/fixtures/images'
import type {
  AlbumJson,
  ApiClient,
  NewApiTokenJson,
  TokensJson,
  UserJson,
} from '#tests/helpers/api'
import { OpenapiChecker } from '#tests/helpers/openapi'
import { operationsOf, type OperationSpec } from '#tests/helpers/openapi_operations'
import { ADMIN, startWebServer, USER_PASSWORD, type TestWebServer } from '#tests/helpers/web_server'

const CALLERS = [
  'guest',
  'nonsense',
  'expired token',
  'revoked token',
  'frozen session',
  'frozen token',
  'read token',
  'write token',
  'user',
  'admin',
] as const

type Caller = (typeof CALLERS)[number]

/** Codes that keep a caller out, or `in`: whatever the answer is then, it is about the request. */
type Verdict = 'in' | readonly number[]

const USER = 'user@example.org'

const scopesOf = ({ security }: OperationSpec) => {
  const needed = security.find((option) => 'apiToken' in option)?.['apiToken']
  return needed?.length === 0 ? ['read', 'write'] : (needed ?? [])
}

const letsVisitorsIn = ({ security }: OperationSpec) =>
  security.some((option) => Object.keys(option).length === 0)

/** What the document says of a caller. */
function verdictOf(caller: Caller, operation: OperationSpec): Verdict {
  const isForAdmins = operation.template.startsWith('/api/v1/admin/')
  const hasScope = (scope: string) => scopesOf(operation).includes(scope)
  switch (caller) {
    case 'guest':
      return letsVisitorsIn(operation) ? 'in' : [401]
    case 'nonsense':
    case 'expired token':
    case 'revoked token':
      return [401]
    case 'frozen session':
      return [401, 403]
    case 'frozen token':
      return [403]
    case 'read token':
      return hasScope('read') ? 'in' : [403]
    case 'write token':
      return hasScope('write') ? 'in' : [403]
    case 'user':
      return isForAdmins ? [403] : 'in'
    case 'admin':
      return 'in'
  }
}

/** Something that no caller has. */
function pathOf({ template }: OperationSpec): string {
  const samples: Record<string, string> = { id: '987654', md5: '0'.repeat(32), extension: 'png' }
  return template.replaceAll(/\{(\w+)\}/g, (_, name: string) => samples[name] ?? 'abcdef')
}

const operations = async () => operationsOf((await OpenapiChecker.load()).document)
const isOurs = ({ security }: OperationSpec) =>
  security.every((option) => !('metricsToken' in option))

test.group('Who may call what', (group) => {
  group.each.timeout(60_000)
  let server: TestWebServer
  const callers = new Map<Caller, ApiClient>()

  const newToken = async (owner: ApiClient, scopes: string[]) => {
    const json = { name: scopes.join(), scopes }
    const { data } = await owner.post<NewApiTokenJson>('/api/v1/api-tokens', { json })
    return { id: data.id, client: owner.as(data.token) }
  }
  const signIn = async (email: string, password: string) => {
    const json = { email, password }
    const { data } = await server.api.post<TokensJson>('/api/v1/auth/login', { json })
    return server.api.as(data.access_token)
  }

  group.setup(async () => {
    server = await startWebServer()
    const admin = await server.setUp()
    const user = await server.addUser(USER)
    const frozen = await server.addUser('frozen@example.org')
    await admin.put('/api/v1/admin/settings', { json: { allow_guest_upload: true } })
    const expired = await newToken(user, ['read', 'write'])
    await server.services.pool.query(
      `update read.api_tokens set expires_at = now() - interval '1 second' where token_id = $1`,
      [expired.id]
    )
    const revoked = await newToken(user, ['read', 'write'])
    await user.delete(`/api/v1/api-tokens/${revoked.id}`)
    const frozenToken = await newToken(frozen, ['read', 'write'])
    const { data } = await frozen.get<UserJson>('/api/v1/users/me')
    await admin.put(`/api/v1/admin/users/${data.id}`, { json: { status: 0 } })
    callers
      .set('guest', server.api)
      .set('nonsense', server.api.as('nonsense'))
      .set('expired token', expired.client)
      .set('revoked token', revoked.client)
      .set('frozen session', frozen)
      .set('frozen token', frozenToken.client)
      // An administrator's tokens may do no more than others.
      .set('read token', (await newToken(admin, ['read'])).client)
      .set('write token', (await newToken(admin, ['write'])).client)
    return () => server.stop()
  })
  // Some operations end the sessions of their caller.
  group.each.setup(async () => {
    callers.set('user', await signIn(USER, USER_PASSWORD))
    callers.set('admin', await signIn(ADMIN.email, ADMIN.password))
  })

  const statusFor = async (caller: Caller, operation: OperationSpec) => {
    const client = callers.get(caller) ?? server.api
    return (await client.send(operation.method, pathOf(operation))).status
  }

  test('{name}')
    .with(async () => (await operations()).filter((one) => isOurs(one) && one.security.length > 0))
    .run(async ({ assert }, operation) => {
      const isFile = !operation.template.startsWith('/api/') && letsVisitorsIn(operation)
      for (const caller of CALLERS) {
        const verdict = verdictOf(caller, operation)
        const status = await statusFor(caller, operation)
        if (verdict === 'in' || isFile) {
          // Links stand in pages: bad credentials make no difference to what everybody may see.
          assert.notInclude([401, 403], status, caller)
        } else {
          assert.include(verdict, status, caller)
        }
      }
    })

  test('{name} is for everybody, whoever they are')
    .with(async () =>
      (await operations()).filter((one) => isOurs(one) && one.security.length === 0)
    )
    .run(async ({ assert }, operation) => {
      const expected = await statusFor('guest', operation)
      for (const caller of CALLERS) {
        assert.equal(await statusFor(caller, operation), expected, caller)
      }
    })
})

/** What comes of a good request by the owner, by somebody else, and by an administrator. */
const OWNERSHIP = [
  { operation: 'GET /api/v1/images/{key}', owner: 200, other: 404, admin: 200 },
  { operation: 'GET /api/v1/images/{key}/pipeline', owner: 200, other: 404, admin: 200 },
  { operation: 'PATCH /api/v1/images/{key}', owner: 200, other: 404, admin: 200 },
  { operation: 'DELETE /api/v1/images/{key}', owner: 200, other: 404, admin: 200 },
  { operation: 'POST /api/v1/images/{key}/share', owner: 201, other: 404, admin: 201 },
  { operation: 'GET /api/v1/images/{key}/shares', owner: 200, other: 404, admin: 200 },
  { operation: 'PUT /api/v1/albums/{album}', owner: 200, other: 404, admin: 200 },
  { operation: 'DELETE /api/v1/albums/{album}', owner: 200, other: 404, admin: 200 },
  { operation: 'DELETE /api/v1/api-tokens/{token}', owner: 200, other: 404, admin: 404 },
  { operation: 'GET /i/{key}.png', owner: 200, other: 404, admin: 200 },
  { operation: 'GET /t/{md5}.png', owner: 200, other: 404, admin: 200 },
] as const

test.group('What is whose', (group) => {
  group.each.timeout(60_000)
  let server: TestWebServer
  let people: Record<'owner' | 'other' | 'admin', ApiClient>

  group.setup(async () => {
    server = await startWebServer()
    people = {
      admin: await server.setUp(),
      owner: await server.addUser('owner@example.org'),
      other: await server.addUser('other@example.org'),
    }
    return () => server.stop()
  })

  const belongings = async (width: number): Promise<Record<string, string>> => {
    const { owner } = people
    const image = await owner.upload(await plainPng(width, 20), 'x.png', { permission: '0' })
    const album = await owner.post<AlbumJson>('/api/v1/albums', { json: { name: 'mine' } })
    const token = await owner.post<NewApiTokenJson>('/api/v1/api-tokens', { json: { name: 'x' } })
    const { key, md5 } = image.data
    return { key, md5, album: String(album.data.id), token: String(token.data.id) }
  }

  test('{operation}')
    .with([...OWNERSHIP])
    .run(async ({ assert }, { operation, ...expected }) => {
      const [method = '', template = ''] = operation.split(' ')
      let width = 20 + 3 * OWNERSHIP.findIndex((one) => one.operation === operation)
      for (const who of ['other', 'admin', 'owner'] as const) {
        const things = await belongings(width++)
        const path = template.replaceAll(/\{(\w+)\}/g, (_, name: string) => things[name] ?? name)
        const json = template.endsWith('/share') ? { expires_in: '1h' } : {}
        const request = method === 'GET' ? {} : { json }
        const { status } = await people[who].send(method, path, request)
        assert.equal(status, expected[who], who)
      }
    })
})
