import { test } from '@japa/runner'
import { plainPng } from '#tests/fixtures/images'
import type {
  AdministeredUserJson,
  ApiClient,
  DeletedUserJson,
  NewApiTokenJson,
  PageJson,
  TokensJson,
  UserJson,
} from '#tests/helpers/api'
import { startWorker } from '#tests/helpers/site_process'
import { waitFor } from '#tests/helpers/wait_for'
import { ADMIN, startWebServer, USER_PASSWORD, type TestWebServer } from '#tests/helpers/web_server'

const ME = '/api/v1/users/me'
const USERS = '/api/v1/admin/users'
const DELETED = '/api/v1/admin/deleted-users'
const EMAIL = 'user@example.org'

test.group('Deleted accounts', (group) => {
  group.each.timeout(60_000)
  let server: TestWebServer
  let admin: ApiClient

  group.each.setup(async () => {
    server = await startWebServer()
    admin = await server.setUp()
    return () => server.stop()
  })

  const idOf = async (api: ApiClient) => (await api.get<UserJson>(ME)).data.id
  const signIn = () =>
    server.api.post<TokensJson>('/api/v1/auth/login', {
      json: { email: EMAIL, password: USER_PASSWORD },
    })
  const deleteMe = (api: ApiClient, password = USER_PASSWORD) =>
    api.delete(ME, { json: { current_password: password } })

  test('whoever knows the password deletes their own account', async ({ assert }) => {
    const user = await server.addUser(EMAIL)
    const id = await idOf(user)
    const { data: token } = await user.post<NewApiTokenJson>('/api/v1/api-tokens', {
      json: { name: 'x' },
    })
    const tool = user.as(token.token)

    assert.equal((await deleteMe(tool)).status, 403, 'not by an API token')
    assert.equal((await user.delete(ME, { json: {} })).status, 400)
    const wrong = await deleteMe(user, 'wrong')
    assert.equal(wrong.status, 400)
    assert.property(wrong.data, 'current_password')
    assert.equal((await user.get(ME)).status, 200)

    assert.equal((await deleteMe(user)).status, 200)
    assert.equal((await user.get(ME)).status, 401)
    assert.equal((await tool.get(ME)).status, 401)
    assert.equal((await signIn()).status, 401)
    assert.equal((await admin.get(`${USERS}/${id}`)).status, 404)
    const { data } = await admin.get<PageJson<DeletedUserJson>>(DELETED)
    assert.lengthOf(data.items, 1)
    const [deleted] = data.items
    assert.containSubset(deleted, { id, email: EMAIL, role: 'user' })
    assert.equal(
      Date.parse(deleted?.restorable_until ?? '') - Date.parse(deleted?.deleted_at ?? ''),
      7 * 24 * 60 * 60 * 1000
    )
  })

  test('the last administrator cannot go', async ({ assert }) => {
    const { status, message } = await deleteMe(admin, ADMIN.password)
    assert.equal(status, 409)
    assert.match(message, /last administrator/i)
    assert.equal((await admin.get(ME)).status, 200)
  })

  test('an administrator brings an account back with all it had', async ({ assert, cleanup }) => {
    await admin.put('/api/v1/admin/settings', { json: { deleted_image_retention: '0' } })
    const user = await server.addUser(EMAIL)
    const { data: before } = await user.get<UserJson>(ME)
    const { data: token } = await user.post<NewApiTokenJson>('/api/v1/api-tokens', {
      json: { name: 'x' },
    })
    await user.post('/api/v1/albums', { json: { name: 'Mine' } })
    const { data: image } = await user.upload(await plainPng())
    const link = new URL(image.links.url).pathname
    const worker = startWorker(server.services.config)
    cleanup(() => worker.stop())

    await deleteMe(user)
    await waitFor(async () => (await server.api.get(link)).status === 404, {
      what: 'the image to go',
    })
    const { status, data: restored } = await admin.post<AdministeredUserJson>(
      `${USERS}/${before.id}/restore`
    )
    assert.equal(status, 200)
    assert.containSubset(restored, {
      id: before.id,
      email: EMAIL,
      status: 1,
      album_num: 1,
      created_at: before.created_at,
    })
    await waitFor(async () => (await server.api.get(link)).status === 200, {
      what: 'the image to come back',
    })
    const { data: session } = await signIn()
    const again = user.as(session.access_token)
    assert.containSubset((await again.get<UserJson>(ME)).data, {
      ...before,
      used_bytes: image.size_bytes,
      image_num: 1,
      album_num: 1,
    })
    assert.equal((await user.as(token.token).get(ME)).status, 200, 'its tools work again')
    assert.equal((await user.get(ME)).status, 401, 'its former sessions stay ended')
    assert.isEmpty((await admin.get<PageJson<DeletedUserJson>>(DELETED)).data.items)
  })

  test('an undone deletion stays undone, however late its work is done', async ({
    assert,
    cleanup,
  }) => {
    const user = await server.addUser(EMAIL)
    const id = await idOf(user)
    const { data: image } = await user.upload(await plainPng())
    await deleteMe(user)
    assert.equal((await admin.post(`${USERS}/${id}/restore`)).status, 200)

    const worker = startWorker(server.services.config)
    cleanup(() => worker.stop())
    await waitFor(
      async () => {
        const { rows } = await server.services.pool.query<{ done: string }>(
          `select count(*) as done from run.job_ledger where queue = 'accounts' and state = 'done'`
        )
        return rows[0]?.done === '2'
      },
      { what: 'both to be done', timeoutMs: 20_000 }
    )
    assert.equal((await server.api.get(new URL(image.links.url).pathname)).status, 200)
  })

  test('no account comes back that is there, is unknown, or whose address is taken', async ({
    assert,
  }) => {
    const user = await server.addUser(EMAIL)
    const id = await idOf(user)
    assert.equal((await admin.post(`${USERS}/${id}/restore`)).status, 404)
    assert.equal((await admin.delete(`${DELETED}/${id}`)).status, 404)
    assert.equal((await admin.post(`${USERS}/987654/restore`)).status, 404)
    await deleteMe(user)
    await server.addUser(EMAIL)
    assert.equal((await admin.post(`${USERS}/${id}/restore`)).status, 409)
  })

  test('who was forgotten at once does not come back', async ({ assert }) => {
    const user = await server.addUser(EMAIL)
    const id = await idOf(user)
    await deleteMe(user)
    assert.equal((await admin.delete(`${DELETED}/${id}`)).status, 200)
    assert.equal((await admin.delete(`${DELETED}/${id}`)).status, 404)
    assert.equal((await admin.post(`${USERS}/${id}/restore`)).status, 404)
    assert.isEmpty((await admin.get<PageJson<DeletedUserJson>>(DELETED)).data.items)
  })
})
