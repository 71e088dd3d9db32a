import { test } from '@japa/runner'
import { bmp, plainPng } from '#tests/fixtures/images'
import type {
  AdministeredUserJson,
  ApiClient,
  NewApiTokenJson,
  PageJson,
  TokensJson,
  UserJson,
} from '#tests/helpers/api'
import { filesBelow } from '#tests/helpers/files_below'
import { startWorker } from '#tests/helpers/site_process'
import { beginUpload } from '#tests/helpers/slow_upload'
import { waitFor } from '#tests/helpers/wait_for'
import { startWebServer, USER_PASSWORD, type TestWebServer } from '#tests/helpers/web_server'

const USERS = '/api/v1/admin/users'
const IMAGES = '/api/v1/images'
const ME = '/api/v1/users/me'

test.group('Accounts that are frozen, demoted or deleted', (group) => {
  group.each.timeout(60_000)
  let server: TestWebServer
  let admin: ApiClient

  group.each.setup(async () => {
    server = await startWebServer()
    admin = await server.setUp()
    return () => server.stop()
  })

  const idOf = async (api: ApiClient) => (await api.get<UserJson>(ME)).data.id
  const change = (id: number, json: object, by = admin) =>
    by.put<AdministeredUserJson>(`${USERS}/${id}`, { json })
  const signIn = (email: string) =>
    server.api.post<TokensJson>('/api/v1/auth/login', { json: { email, password: USER_PASSWORD } })
  const newToken = async (api: ApiClient) => {
    const { data } = await api.post<NewApiTokenJson>('/api/v1/api-tokens', { json: { name: 'x' } })
    return api.as(data.token)
  }
  const temporaryFiles = async () => {
    const names = await filesBelow(server.dataDir)
    return names.filter((name) => /\.temporary.[0-9a-f]+$/.test(name))
  }
  /** An upload that is under way: the server has let it in and is receiving the file. */
  const uploadUnderWay = async (api: ApiClient) => {
    // A small one would stay in memory.
    const upload = await beginUpload(`${server.api.url}${IMAGES}`, await bmp(2_800, 2_400), {
      authorization: `Bearer ${api.token}`,
    })
    await waitFor(async () => (await temporaryFiles()).length === 1, {
      what: 'the upload to begin',
    })
    return upload
  }
  const uploads = async () =>
    (await server.services.eventStore.readAll({ after: 0, limit: 1_000 })).filter(
      ({ type }) => type === 'image.uploaded'
    )

  test('freezing cuts off at once, and thawing lets in again', async ({ assert }) => {
    const user = await server.addUser('user@example.org')
    const id = await idOf(user)
    const tool = await newToken(user)
    const { data: session } = await signIn('user@example.org')

    assert.equal((await change(id, { status: 0 })).status, 200)
    assert.equal((await user.get(ME)).status, 401, 'its sessions are over')
    assert.equal((await tool.get(ME)).status, 403)
    assert.equal((await tool.upload(await plainPng())).status, 403)
    const refresh = { json: { refresh_token: session.refresh_token } }
    assert.equal((await server.api.post('/api/v1/auth/refresh', refresh)).status, 401)
    assert.equal((await signIn('user@example.org')).status, 403)

    assert.equal((await change(id, { status: 1 })).status, 200)
    assert.equal((await tool.get(ME)).status, 200)
    assert.equal((await tool.upload(await plainPng())).status, 201)
    assert.equal((await user.get(ME)).status, 401, 'a session that was ended stays so')
    assert.equal((await signIn('user@example.org')).status, 200)
  })

  test('an upload under way when the account is {$self} stores nothing')
    .with(['frozen', 'deleted'])
    .run(async ({ assert }, end) => {
      const user = await server.addUser('user@example.org')
      const id = await idOf(user)
      const upload = await uploadUnderWay(user)
      if (end === 'frozen') {
        await change(id, { status: 0 })
      } else {
        await admin.delete(`${USERS}/${id}`)
      }
      const { status, body } = await upload.finish()

      assert.equal(status, 403, body)
      assert.lengthOf(await uploads(), 0)
      assert.deepEqual(await temporaryFiles(), [])
    })

  test('a freeze and a thaw leave the room as it was', async ({ assert }) => {
    const user = await server.addUser('user@example.org', 200_000)
    const id = await idOf(user)
    const { data: before } = await user.upload(await plainPng(200, 200))
    for (const status of [0, 1, 0, 1]) {
      await change(id, { status })
    }
    const { data: session } = await signIn('user@example.org')
    const again = user.as(session.access_token)
    assert.equal((await again.upload(await plainPng(210, 200))).status, 201)
    await again.delete(`${IMAGES}/${before.key}`)
    assert.equal((await again.get<UserJson>(ME)).data.image_num, 1)
  })

  test('the last administrator can be neither frozen, demoted nor deleted', async ({ assert }) => {
    const id = await idOf(admin)
    const frozen = await server.addUser('frozen@example.org')
    const frozenId = await idOf(frozen)
    await change(frozenId, { role: 'admin', status: 0 })

    for (const json of [{ status: 0 }, { role: 'user' }, { role: 'user', status: 0 }]) {
      const { status, message } = await change(id, { ...json, name: 'Changed' })
      assert.equal(status, 409)
      assert.match(message, /last administrator/i)
    }
    assert.equal((await admin.delete(`${USERS}/${id}`)).status, 409)
    const { data } = await admin.get<AdministeredUserJson>(`${USERS}/${id}`)
    assert.containsSubset(data, { role: 'admin', status: 1, name: 'Ada' })

    assert.equal((await change(frozenId, { status: 1 })).status, 200)
    assert.equal((await change(id, { role: 'user' })).status, 200, 'there is another one now')
    assert.equal((await admin.get(USERS)).status, 403)
  })

  test('administrators who {$self} each other at once leave one')
    .with(['demote', 'freeze', 'delete'])
    .run(async ({ assert }, deed) => {
      const other = await server.addUser('other@example.org')
      const [adminId, otherId] = [await idOf(admin), await idOf(other)]
      await change(otherId, { role: 'admin' })
      const doTo = (by: ApiClient, id: number) =>
        deed === 'delete'
          ? by.delete(`${USERS}/${id}`)
          : change(id, deed === 'demote' ? { role: 'user' } : { status: 0 }, by)
      const answers = await Promise.all([doTo(admin, otherId), doTo(other, adminId)])

      const codes = answers.map(({ status }) => status)
      assert.lengthOf(
        codes.filter((status) => status === 200),
        1,
        codes.join()
      )
      const left = codes[0] === 200 ? admin : other
      const { data } = await left.get<PageJson<AdministeredUserJson>>(USERS)
      const active = data.items.filter(({ role, status }) => role === 'admin' && status === 1)
      assert.lengthOf(active, 1)
    })

  test('what a deleted account had goes with it', async ({ assert, cleanup }) => {
    const user = await server.addUser('user@example.org')
    const id = await idOf(user)
    const tool = await newToken(user)
    const { data: image } = await user.upload(await plainPng())
    await user.post('/api/v1/albums', { json: { name: 'Mine' } })
    const link = new URL(image.links.url).pathname
    await admin.put('/api/v1/admin/settings', { json: { deleted_account_retention: '0' } })
    const worker = startWorker(server.services.config)
    cleanup(() => worker.stop())

    assert.equal((await admin.delete(`${USERS}/${id}`)).status, 200)
    assert.equal((await admin.delete(`${USERS}/${id}`)).status, 404)
    assert.equal((await admin.get(`${USERS}/${id}`)).status, 404)
    assert.equal((await user.get(ME)).status, 401)
    assert.equal((await tool.get(ME)).status, 401)
    assert.equal((await signIn('user@example.org')).status, 401)

    await waitFor(async () => (await server.api.get(link)).status === 404, {
      what: 'the image to go',
    })
    const { pool } = server.services
    await waitFor(
      async () => {
        const { rows } = await pool.query<{ left: string }>(
          `select (select count(*) from read.albums where owner_id = $1)
                + (select count(*) from read.api_tokens where account_id = $1)
                + (select count(*) from read.images where owner_id = $1)
                + (select count(*) from secrets.credentials where account_id = $1)
                + (select count(*) from secrets.refresh_tokens where account_id = $1) as left`,
          [id]
        )
        return rows[0]?.left === '0'
      },
      { what: 'all of it to go' }
    )

    const again = await server.addUser('user@example.org')
    assert.notEqual(await idOf(again), id, 'the address is free for somebody new')
    assert.containsSubset((await again.get<UserJson>(ME)).data, { image_num: 0, album_num: 0 })
  })
})
