import { test } from '@japa/runner'
import { plainPng } from '#tests/fixtures/images'
import type {
  AlbumJson,
  ApiClient,
  ExportJson,
  NewApiTokenJson,
  UserJson,
} from '#tests/helpers/api'
import { filesBelow } from '#tests/helpers/files_below'
import { startWorker, type SiteProcess } from '#tests/helpers/site_process'
import { waitFor } from '#tests/helpers/wait_for'
import {
  startWebServer,
  SYSTEM,
  USER_PASSWORD,
  type TestWebServer,
} from '#tests/helpers/web_server'
import { unzip } from '#tests/helpers/zip'

const ME = '/api/v1/users/me'
const EXPORT = `${ME}/export`
const ARCHIVE = `${EXPORT}/archive`

test.group('Archives of all that the site has of a person', (group) => {
  group.each.timeout(60_000)
  let server: TestWebServer
  let admin: ApiClient
  let user: ApiClient
  let worker: SiteProcess | null = null

  group.each.setup(async () => {
    server = await startWebServer()
    admin = await server.setUp()
    user = await server.addUser('user@example.org')
    return async () => {
      await worker?.stop()
      worker = null
      await server.stop()
    }
  })

  const startWorking = () => {
    worker ??= startWorker(server.services.config)
  }
  const untilReady = (api = user) =>
    waitFor(
      async () => {
        const { status, data } = await api.get<ExportJson>(EXPORT)
        return status === 200 ? data : null
      },
      { what: 'the archive', timeoutMs: 20_000 }
    )
  const archives = async () => {
    const names = await filesBelow(server.dataDir)
    return names.filter((name) => name.endsWith('.zip'))
  }
  const parse = (files: Map<string, Buffer>, name: string): Record<string, unknown>[] =>
    JSON.parse(files.get(name)?.toString() ?? 'null')

  test('an archive holds all that is the person’s, and nothing of others', async ({ assert }) => {
    const headers = { 'user-agent': 'Mine/1.0' }
    const { data: album } = await user.post<AlbumJson>('/api/v1/albums', {
      json: { name: 'Holidays' },
    })
    const photo = await plainPng(40, 30)
    const { data: kept } = await user.upload(
      photo,
      'by the sea.png',
      {
        album_id: String(album.id),
      },
      headers
    )
    const { data: trashed } = await user.upload(await plainPng(41, 30), '../a/b: c?.png')
    await user.delete(`/api/v1/images/${trashed.key}`)
    const { data: token } = await user.post<NewApiTokenJson>('/api/v1/api-tokens', {
      json: { name: 'laptop' },
    })
    await user.put(ME, { json: { settings: { default_permission: 0 } } })
    await admin.upload(await plainPng(42, 30), 'of the admin.png')
    await admin.put(`/api/v1/admin/users/${(await user.get<UserJson>(ME)).data.id}`, {
      json: { name: 'Renamed' },
      headers: { 'user-agent': 'Admin/1.0' },
    })

    const asked = await user.get<ExportJson>(EXPORT)
    assert.equal(asked.status, 202)
    assert.equal(asked.data.state, 'pending')
    assert.equal((await user.get(ARCHIVE)).status, 404)
    startWorking()
    const ready = await untilReady()
    assert.equal(new URL(ready.url ?? '').pathname, ARCHIVE)

    const answer = await user.get(ARCHIVE)
    assert.equal(answer.status, 200)
    assert.equal(answer.bytes.length, ready.size_bytes)
    assert.match(answer.headers.get('content-disposition') ?? '', /attachment.*\.zip/)
    const files = await unzip(answer.bytes)

    const images = parse(files, 'images.json')
    assert.lengthOf(images, 2)
    assert.containSubset(images[0], {
      key: kept.key,
      origin_name: 'by the sea.png',
      album_id: album.id,
      file: `images/${kept.key}/by the sea.png`,
    })
    assert.isNotNull(images[1]?.['deleted_at'])
    assert.deepEqual(
      [...files.keys()].filter((name) => name.startsWith('images/')),
      images.map(({ file }) => String(file))
    )
    const original = await user.get(new URL(kept.links.url).pathname)
    assert.deepEqual(files.get(`images/${kept.key}/by the sea.png`), original.bytes)

    const { data: me } = await user.get<UserJson>(ME)
    assert.containSubset(parse(files, 'profile.json'), {
      id: me.id,
      email: 'user@example.org',
      name: 'Renamed',
      created_at: me.created_at,
    })
    assert.containSubset(parse(files, 'albums.json'), [{ name: 'Holidays', image_num: 1 }])
    assert.containSubset(parse(files, 'api_tokens.json'), [{ token_id: token.id, name: 'laptop' }])
    const history = parse(files, 'history.json')
    assert.containSubset(history, [
      { what: 'account.registered' },
      { what: 'image.uploaded', by: 'you', user_agent: 'Mine/1.0' },
      { what: 'account.name_changed', by: 'somebody else' },
      { what: 'album.created' },
      { what: 'api_token.created' },
    ])
    assert.containSubset(parse(files, 'audit.json'), [{ what: 'image.deleted', by: 'you' }])
    const text = Buffer.concat([...files.values()]).toString('latin1')
    for (const foreign of ['Admin/1.0', 'ada@example.org', 'of the admin', token.token]) {
      assert.notInclude(text, foreign)
    }
  })

  test('an archive is its owner’s alone', async ({ assert }) => {
    const other = await server.addUser('other@example.org')
    const { data: token } = await user.post<NewApiTokenJson>('/api/v1/api-tokens', {
      json: { name: 'x' },
    })
    startWorking()
    await untilReady()
    assert.equal((await other.get(ARCHIVE)).status, 404)
    assert.equal((await admin.get(ARCHIVE)).status, 404)
    assert.equal((await server.api.get(ARCHIVE)).status, 401)
    assert.equal((await user.as(token.token).get(ARCHIVE)).status, 403)
    assert.isEmpty(parse(await unzip((await user.get(ARCHIVE)).bytes), 'images.json'))
    const part = await user.get(ARCHIVE, { headers: { range: 'bytes=0-3' } })
    assert.equal(part.status, 206)
    assert.equal(part.bytes.toString('latin1'), 'PK\u0003\u0004')
  })

  test('asking again while one is made makes no second one; later it replaces the first', async ({
    assert,
  }) => {
    assert.equal((await user.post(EXPORT)).status, 202)
    assert.equal((await user.post(EXPORT)).status, 202)
    startWorking()
    const first = await untilReady()
    const before = await archives()
    assert.lengthOf(before, 1)
    assert.equal((await user.post(EXPORT)).status, 202)
    const second = await untilReady()
    assert.notEqual(second.requested_at, first.requested_at)
    await waitFor(async () => (await archives()).length === 1, { what: 'the first to go' })
    assert.notDeepEqual(await archives(), before)
  })

  test('an archive past its time is not given out, and goes', async ({ assert }) => {
    const { id } = (await user.get<UserJson>(ME)).data
    await user.post(EXPORT)
    await server.services.handlers.account.recordExport(
      {
        accountId: id,
        strategyId: 1,
        objectKey: 'exports/old.zip',
        sizeBytes: 1,
        expiresAt: '2026-01-31T12:00:00.000Z',
      },
      SYSTEM
    )
    assert.equal((await user.get(ARCHIVE)).status, 404)
    startWorking()
    const { pool } = server.services
    await waitFor(
      async () =>
        (await pool.query(`select 1 from read.exports where object_key is not null`)).rowCount ===
        0,
      { what: 'it to be withdrawn' }
    )
    await untilReady()
    assert.equal((await user.get(ARCHIVE)).status, 200)
  })

  test('an archive goes with its account', async ({ assert }) => {
    startWorking()
    await untilReady()
    assert.lengthOf(await archives(), 1)
    await user.delete(ME, { json: { current_password: USER_PASSWORD } })
    await waitFor(async () => (await archives()).length === 0, { what: 'the archive to go' })
  })
})
