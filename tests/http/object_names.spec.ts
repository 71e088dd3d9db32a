import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from '@japa/runner'
import { plainPng } from '#tests/fixtures/images'
import type { AdministeredStrategyJson, ApiClient, ImageJson } from '#tests/helpers/api'
import { waitFor } from '#tests/helpers/wait_for'
import { startWebServer, type TestWebServer } from '#tests/helpers/web_server'

test.group('Where uploads lie', (group) => {
  group.each.timeout(60_000)
  let server: TestWebServer
  let admin: ApiClient

  group.setup(async () => {
    server = await startWebServer()
    admin = await server.setUp()
    return () => server.stop()
  })

  const objects = (...names: string[]) => join(server.dataDir, 'objects', ...names)
  const isServed = async ({ links }: ImageJson, bytes: Buffer) =>
    (await admin.get(new URL(links.url).pathname)).bytes.equals(bytes)

  test("the group's rules name the object; the same bytes are stored once, under the first name", async ({
    assert,
  }) => {
    const bytes = await plainPng(51, 9)
    const md5 = createHash('md5').update(bytes).digest('hex')
    const name = (configs: object) => admin.put('/api/v1/admin/groups/1', { json: { configs } })

    await name({ path_naming_rule: 'people/{uid}', file_naming_rule: '{md5}' })
    const first = await admin.upload<ImageJson>(bytes)
    assert.deepEqual(readdirSync(objects('people', '1')), [`${md5}.png`])

    await name({ path_naming_rule: 'elsewhere', file_naming_rule: 'always' })
    const again = await admin.upload<ImageJson>(bytes)
    assert.isFalse(existsSync(objects('elsewhere')))
    assert.isTrue(await isServed(again.data, bytes))

    const others = [await plainPng(52, 9), await plainPng(53, 9)]
    const uploads = await Promise.all(
      others.map(async (other) => ({ other, image: (await admin.upload<ImageJson>(other)).data }))
    )
    assert.lengthOf(readdirSync(objects('elsewhere')), 2, 'one name is not given twice')
    assert.include(readdirSync(objects('elsewhere')), 'always.png')
    for (const { image, other } of uploads) {
      assert.isTrue(await isServed(image, other))
    }
    assert.isTrue(await isServed(first.data, bytes))
  })

  test('a folder that cannot be used is 503, leaves nothing, and works again when it can', async ({
    assert,
  }) => {
    // A file in its place: true for root as well, whom no permission stops.
    const root = join(server.dataDir, 'blocked')
    writeFileSync(root, '')
    const { data: strategy } = await admin.post<AdministeredStrategyJson>(
      '/api/v1/admin/strategies',
      { json: { name: 'blocked', strategy_type: 'local', configs: { root: 'blocked' } } }
    )
    await admin.put('/api/v1/admin/groups/1/strategies', {
      json: { strategy_ids: [strategy.id, 1] },
    })
    const total = async () => (await admin.get<{ total: number }>('/api/v1/images')).data.total
    const before = await total()
    const bytes = await plainPng(54, 9)
    const refused = await admin.upload<ImageJson>(bytes)
    assert.equal(refused.status, 503)
    assert.match(refused.message, /storage cannot be used/)
    assert.equal(await total(), before)

    rmSync(root)
    mkdirSync(root)
    const taken = await waitFor(
      async () => {
        const answer = await admin.upload<ImageJson>(bytes)
        return answer.status === 201 ? answer.data : null
      },
      { what: 'an upload that is taken' }
    )
    assert.equal(taken.strategy_id, strategy.id)
    assert.isTrue(await isServed(taken, bytes))
    assert.deepEqual(readdirSync(join(root, '.temporary')), [])
  })
})
