import { test } from '@japa/runner'
import { plainPng } from '#tests/fixtures/images'
import type { ApiClient } from '#tests/helpers/api'
import { startWebServer, type TestWebServer } from '#tests/helpers/web_server'

test.group('Limits of uploads', (group) => {
  group.each.timeout(60_000)
  let server: TestWebServer
  let admin: ApiClient

  group.setup(async () => {
    server = await startWebServer()
    admin = await server.setUp()
    return () => server.stop()
  })

  test('a group’s rate holds for each of its members, and only what was stored counts', async ({
    assert,
  }) => {
    await admin.put('/api/v1/admin/groups/1', { json: { configs: { limit_per_month: 3 } } })
    const [ann, bob] = [
      await server.addUser('ann@example.org'),
      await server.addUser('bob@example.org'),
    ]
    const refused = await ann.upload(Buffer.from('not an image'), 'x.png')
    assert.equal(refused.status, 415)
    const answers = await Promise.all(
      Array.from({ length: 8 }, async (_, index) => ann.upload(await plainPng(20 + index, 9)))
    )
    const statuses = answers.map(({ status }) => status).toSorted()
    assert.deepEqual(statuses, [201, 201, 201, 429, 429, 429, 429, 429])
    const limited = answers.find(({ status }) => status === 429)
    assert.match(limited?.headers.get('retry-after') ?? '', /^[1-9]\d*$/)
    assert.equal((await bob.upload(await plainPng(40, 9))).status, 201)
    await admin.put('/api/v1/admin/groups/1', { json: { configs: { limit_per_month: null } } })
    assert.equal((await ann.upload(await plainPng(41, 9))).status, 201)
  })

  test('100 uploads at once into room for 10 store exactly 10', async ({ assert }) => {
    const files = await Promise.all(
      Array.from({ length: 100 }, (_, index) => plainPng(100, 100 + index))
    )
    const largest = Math.max(...files.map(({ length }) => length))
    const padded = files.map((file) => {
      // What comes after the end of a PNG is kept when nothing is stripped.
      return Buffer.concat([file, Buffer.alloc(largest - file.length)])
    })
    await admin.put('/api/v1/admin/settings', { json: { skip_image_processing: true } })
    const owner = await server.addUser('crowd@example.org', largest * 10)
    const answers = await Promise.all(padded.map((file) => owner.upload(file, 'x.png')))
    await admin.put('/api/v1/admin/settings', { json: { skip_image_processing: false } })

    const stored = answers.filter(({ status }) => status === 201)
    assert.lengthOf(stored, 10)
    assert.deepEqual([...new Set(answers.map(({ status }) => status))].toSorted(), [201, 422])
    const { data } = await owner.get<{ used_bytes: number; image_num: number }>('/api/v1/users/me')
    assert.deepEqual([data.image_num, data.used_bytes], [10, largest * 10])
  })
})
