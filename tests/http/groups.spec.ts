import { test } from '@japa/runner'
import type { ApiClient, GroupJson } from '#tests/helpers/api'
import { startWebServer, type TestWebServer } from '#tests/helpers/web_server'

interface StrategyJson {
  id: number
}

test.group('Groups', (group) => {
  group.each.timeout(60_000)
  let server: TestWebServer
  let admin: ApiClient

  group.setup(async () => {
    server = await startWebServer()
    admin = await server.setUp()
    return () => server.stop()
  })

  test('a rule beside configs is refused by name, and changes nothing', async ({ assert }) => {
    const before = await admin.get<GroupJson>('/api/v1/admin/groups/1')
    const json = { name: 'Renamed', default_strategy_id: 1, limit_per_day: 5 }
    for (const refused of [
      await admin.put('/api/v1/admin/groups/1', { json }),
      await admin.post('/api/v1/admin/groups', { json }),
    ]) {
      assert.equal(refused.status, 400)
      assert.include(JSON.stringify(refused.data), 'configs.default_strategy_id')
      assert.include(JSON.stringify(refused.data), 'configs.limit_per_day')
    }
    assert.deepEqual((await admin.get<GroupJson>('/api/v1/admin/groups/1')).data, before.data)
  })

  test('the preferred strategy is a rule, and must be there', async ({ assert }) => {
    const { data: strategy } = await admin.post<StrategyJson>('/api/v1/admin/strategies', {
      json: { name: 'Second', strategy_type: 'local', configs: { root: 'second' } },
    })
    const prefer = (id: number | null) =>
      admin.put<GroupJson>('/api/v1/admin/groups/1', {
        json: { configs: { default_strategy_id: id } },
      })
    const preferred = await prefer(strategy.id)
    assert.equal(preferred.status, 200)
    assert.containsSubset(preferred.data, { configs: { default_strategy_id: strategy.id } })
    const unknown = await prefer(999)
    assert.equal(unknown.status, 400)
    const { data } = await prefer(null)
    assert.notProperty(Object(data).configs, 'default_strategy_id')
  })
})
