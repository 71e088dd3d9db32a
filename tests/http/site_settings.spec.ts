import { test } from '@japa/runner'
import { plainPng } from '#tests/fixtures/images'
import type {
  AdministeredStrategyJson,
  ApiAnswer,
  GroupJson,
  ImageJson,
  PageJson,
} from '#tests/helpers/api'
import { ApiClient } from '#tests/helpers/api'
import { startOneMoreWebServer } from '#tests/helpers/site_process'
import { waitFor } from '#tests/helpers/wait_for'
import { startWebServer, type TestWebServer } from '#tests/helpers/web_server'

const SETTINGS = '/api/v1/admin/settings'
const STRATEGIES = '/api/v1/admin/strategies'
const GROUPS = '/api/v1/admin/groups'
const HOUR = 3_600_000

test.group('Settings of the site', (group) => {
  group.each.timeout(120_000)
  let server: TestWebServer
  let admin: ApiClient

  group.setup(async () => {
    server = await startWebServer()
    admin = await server.setUp()
    return () => server.stop()
  })

  const set = (json: object) => admin.put(SETTINGS, { json })
  const uploadAsVisitor = async (
    file: Uint8Array,
    fields: Record<string, string> = {}
  ): Promise<ApiAnswer<ImageJson>> => {
    const form = new FormData()
    Object.entries(fields).forEach(([name, value]) => form.append(name, value))
    form.append('file', new Blob([Uint8Array.from(file)]), 'guest.png')
    return server.api.post<ImageJson>('/api/v1/upload', { body: form })
  }

  test('hold in every running process, without a restart', async ({ assert, cleanup }) => {
    const another = await startOneMoreWebServer(server.services.config)
    cleanup(() => another.stop())
    const there = new ApiClient(another.url, server.checker)
    const nameThere = async () =>
      (await there.get<{ app_name: string }>('/api/v1/config')).data.app_name
    assert.equal(await nameThere(), 'PicFast')

    await set({ app_name: 'Harbour' })

    await waitFor(async () => (await nameThere()) === 'Harbour', { what: 'the name over there' })
    await set({ app_name: 'PicFast' })
  })

  test('visitors upload where they may, and their images stay so long', async ({ assert }) => {
    await set({ allow_guest_upload: false })
    assert.equal((await uploadAsVisitor(await plainPng())).status, 403)
    await set({ allow_guest_upload: true, guest_image_ttl: '24h' })

    const unsaid = await uploadAsVisitor(await plainPng(31, 20))
    const shorter = await uploadAsVisitor(await plainPng(32, 20), { expires_in: '1h' })
    const longer = await uploadAsVisitor(await plainPng(33, 20), { expires_in: '1y' })

    const left = ({ data }: ApiAnswer<ImageJson>) => Date.parse(data.expires_at ?? '') - Date.now()
    assert.closeTo(left(unsaid), 24 * HOUR, 120_000)
    assert.closeTo(left(shorter), HOUR, 120_000)
    assert.isAtMost(left(longer), 24 * HOUR)
    await set({ guest_image_ttl: '0' })
  })

  test('visitors share one room', async ({ assert }) => {
    const file = await plainPng(50, 50)
    await set({ allow_guest_upload: true, guest_capacity_bytes: 0 })
    assert.equal((await uploadAsVisitor(file)).status, 422)
    await set({ guest_capacity_bytes: 100_000_000 })
    assert.equal((await uploadAsVisitor(file)).status, 201)
    assert.equal((await admin.upload(file)).status, 201)
  })

  test('a secret of a strategy is shown to nobody, and lies nowhere in the clear', async ({
    assert,
  }) => {
    const secret = 'a-very-secret-access-key'
    const configs = {
      endpoint: 'https://s3.example.org',
      region: 'eu-1',
      bucket: 'images',
      access_key: 'someone',
      secret_key: secret,
    }
    const made = await admin.post<AdministeredStrategyJson>(STRATEGIES, {
      json: { name: 'Far away', strategy_type: 's3', configs },
    })
    const path = `${STRATEGIES}/${made.data.id}`
    const renamed = await admin.put(path, {
      json: { name: 'Farther', configs: { ...made.data.configs } },
    })
    const answers = [
      made,
      renamed,
      await admin.get(path),
      await admin.get(STRATEGIES),
      await admin.get('/api/v1/strategies'),
      await admin.get('/api/v1/admin/audit-logs'),
    ]

    assert.equal(renamed.status, 200)
    for (const { bytes } of answers) {
      assert.notInclude(bytes.toString(), secret)
    }
    const { rows } = await server.services.pool.query<{ name: string }>(
      `select schemaname || '.' || tablename as name from pg_tables
       where schemaname in ('log', 'read', 'run', 'secrets')`
    )
    for (const { name } of rows) {
      const found = await server.services.pool.query(
        `select 1 from ${name} as t where t::text like '%' || $1 || '%'
           or t::text like '%' || encode($1::bytea, 'hex') || '%' limit 1`,
        [secret]
      )
      assert.equal(found.rowCount, 0, name)
    }
  })

  test('there is one default group and one for visitors at all times', async ({ assert }) => {
    const groups = async () => (await admin.get<PageJson<GroupJson>>(GROUPS)).data.items
    const holders = async (role: 'is_default' | 'is_guest') =>
      (await groups()).filter((one) => one[role]).map(({ id }) => id)
    const made = await admin.post<GroupJson>(GROUPS, { json: { name: 'New', is_default: true } })
    assert.deepEqual(await holders('is_default'), [made.data.id])
    assert.lengthOf(await holders('is_guest'), 1)

    const gone = await admin.delete(`${GROUPS}/${made.data.id}`)
    assert.equal(gone.status, 409)
    const both = await admin.post<GroupJson>(GROUPS, { json: { name: 'Other' } })
    const changes = ['is_default', 'is_guest'].map((role) =>
      admin.put(`${GROUPS}/${both.data.id}`, { json: { [role]: true } })
    )
    await Promise.all(changes)
    assert.lengthOf(await holders('is_default'), 1)
    assert.lengthOf(await holders('is_guest'), 1)
  })
})
