import { randomUUID } from 'node:crypto'
import { test } from '@japa/runner'
import { shares as reactor } from '#reactors/shares'
import { plainPng } from '#tests/fixtures/images'
import type { ApiClient, PageJson, ShareJson, UserJson } from '#tests/helpers/api'
import { startWebServer, type TestWebServer } from '#tests/helpers/web_server'
import { SharesWorker } from '#workers/shares_worker'

test.group('Shares worker', (group) => {
  group.each.timeout(30_000)
  let server: TestWebServer
  let admin: ApiClient

  group.setup(async () => {
    server = await startWebServer()
    admin = await server.setUp()
    return () => server.stop()
  })

  test('a frozen account’s links stay ended once it is free again', async ({ assert }) => {
    const owner = await server.addUser('owner@example.org')
    const { data: profile } = await owner.get<UserJson>('/api/v1/users/me')
    const { data: image } = await owner.upload(await plainPng(9, 9), 'a.png', { permission: '0' })
    const path = `/api/v1/images/${image.key}`
    const json = { expires_in: '1h' }
    const { data: link } = await owner.post<ShareJson>(`${path}/share`, { json })
    await owner.post(`${path}/share`, { json })
    await admin.put(`/api/v1/admin/users/${profile.id}`, { json: { status: 0 } })

    const { services } = server
    const history = await services.eventStore.readStream(`account-${profile.id}`)
    const frozen = history.find(({ type }) => type === 'account.frozen')
    const reaction = frozen === undefined ? null : reactor(frozen)
    assert.deepInclude(reaction, { queue: 'shares', payload: { account_id: profile.id } })
    const worker = new SharesWorker({ pool: services.pool, handlers: services.handlers })
    const assignment = {
      reactionKey: 'shares-1',
      eventId: randomUUID(),
      eventPosition: frozen?.position ?? 1,
      attempt: 1,
      payload: { account_id: profile.id },
    }
    await worker.process([assignment])
    await worker.process([assignment])

    await admin.put(`/api/v1/admin/users/${profile.id}`, { json: { status: 1 } })
    const { pathname, search } = new URL(link.url)
    assert.equal((await server.api.get(pathname + search)).status, 404)
    const { data } = await admin.get<PageJson<ShareJson>>(`${path}/shares`)
    assert.equal(data.total, 0)
    const ended = (await services.eventStore.readStream(`image-${image.id}`)).filter(
      ({ type }) => type === 'image.shares_revoked'
    )
    assert.lengthOf(ended, 1)
  })
})
