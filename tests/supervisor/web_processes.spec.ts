import { chmodSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { test } from '@japa/runner'
import pg from 'pg'
import { RunningSite } from '#tests/chaos/running_site'
import { numberedPicture, Uploader } from '#tests/chaos/uploader'
import { TemporaryFolder } from '#tests/helpers/temporary_folder'
import { waitFor } from '#tests/helpers/wait_for'

const PROCESSES = 3
const ADMIN = { ADMIN_EMAIL: 'ada@example.org', ADMIN_PASSWORD: 'correct horse' }
/** So many new connections reach every process, but for a chance of one in a hundred thousand. */
const CONNECTIONS = 32

interface UploadedJson {
  data: { key: string; links: { url: string } }
}

test.group('Supervisor | several web processes', (group) => {
  group.each.timeout(180_000)
  let folder: TemporaryFolder
  let site: RunningSite
  let token: string

  group.setup(async () => {
    folder = new TemporaryFolder()
    chmodSync(folder.path, 0o711)
    site = await RunningSite.start(folder.at('data'), {
      ...ADMIN,
      WEB_PROCESSES: String(PROCESSES),
      RATE_LIMITS: 'off',
    })
    const login = await fetch(`${site.url}/api/v1/auth/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ email: ADMIN.ADMIN_EMAIL, password: ADMIN.ADMIN_PASSWORD }),
    })
    token = ((await login.json()) as { data: { access_token: string } }).data.access_token
    return async () => {
      await site.stop()
      folder.remove()
    }
  })

  /** A connection of its own for each request: the kernel chooses anew who takes it. */
  const statusOf = (path: string): Promise<number> => {
    const { promise, resolve, reject } = Promise.withResolvers<number>()
    request(`${site.url}${path}`, { agent: new Agent({ keepAlive: false }) }, (answer) => {
      answer.resume()
      answer.once('end', () => resolve(answer.statusCode ?? 0))
    })
      .once('error', reject)
      .end()
    return promise
  }
  const statusesOf = async (path: string): Promise<number[]> => [
    ...new Set(await Promise.all(Array.from({ length: CONNECTIONS }, () => statusOf(path)))),
  ]
  const upload = async (number: number) => {
    const form = new FormData()
    form.set('file', new Blob([await numberedPicture(number)]), 'a.png')
    form.set('permission', '1')
    const answer = await fetch(`${site.url}/api/v1/images`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, connection: 'close' },
      body: form,
    })
    const { data } = (await answer.json()) as UploadedJson
    return { key: data.key, path: new URL(data.links.url).pathname }
  }
  const change = async (method: string, key: string, body?: object) => {
    const answer = await fetch(`${site.url}/api/v1/images/${key}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        connection: 'close',
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      body: body && JSON.stringify(body),
    })
    return answer.status
  }
  const measured = async (name: string) => {
    const text = await (await fetch(`${site.url}/metrics`)).text()
    const [, value] = new RegExp(`^${name} (\\S+)$`, 'm').exec(text) ?? []
    return value === undefined ? null : Number(value)
  }
  const allThere = async () =>
    (await site.pidsOf('web')).length === PROCESSES &&
    (await measured('picfast_web_processes')) === PROCESSES

  test('share the port and the database, and one scrape tells of all', async ({ assert }) => {
    await waitFor(allThere, { what: 'all web processes', timeoutMs: 60_000, everyMs: 100 })
    const before = (await measured('picfast_uploads_total')) ?? 0
    await Promise.all(Array.from({ length: 20 }, (_, number) => upload(1_000 + number)))
    for (let look = 0; look < 6; look++) {
      assert.equal(await measured('picfast_uploads_total'), before + 20)
    }
    const client = new pg.Client({ connectionString: site.databaseUrl })
    await client.connect()
    const { rows } = await client.query<{ used: number; most: number }>(
      `select count(*)::integer as used, current_setting('max_connections')::integer as most
       from pg_stat_activity where backend_type = 'client backend'`
    )
    await client.end()
    assert.isBelow(rows[0]?.used ?? Infinity, (rows[0]?.most ?? 0) - 10)
  })

  test('what one has hidden or deleted, no other gives any more', async ({ assert }) => {
    await waitFor(allThere, { what: 'all web processes', timeoutMs: 60_000, everyMs: 100 })
    for (let round = 0; round < 5; round++) {
      const [hidden, deleted] = [await upload(2_000 + round), await upload(3_000 + round)]
      for (const { path } of [hidden, deleted]) {
        assert.deepEqual(await statusesOf(path), [200])
        assert.deepEqual(await statusesOf(path), [200])
      }
      assert.equal(await change('PATCH', hidden.key, { permission: 0 }), 200)
      assert.deepEqual(await statusesOf(hidden.path), [404])
      assert.equal(await change('DELETE', deleted.key), 200)
      assert.deepEqual(await statusesOf(deleted.path), [404])
    }
  })

  test('one that is killed is started again alone, the others serve on, and nothing is lost', async ({
    assert,
  }) => {
    await waitFor(allThere, { what: 'all web processes', timeoutMs: 60_000, everyMs: 100 })
    const uploaders = [4_000, 5_000, 6_000, 7_000].map(
      (first) => new Uploader(site.url, token, first)
    )
    uploaders.forEach((uploader) => uploader.start())
    const before = await site.pidsOf('web')
    const [victim = 0, ...others] = before
    const done = () => uploaders.reduce((sum, { acknowledged }) => sum + acknowledged.length, 0)
    await waitFor(() => done() >= 10, { what: 'uploads', timeoutMs: 60_000 })
    process.kill(victim, 'SIGKILL')
    const atKill = done()
    await waitFor(() => done() >= atKill + 10, { what: 'further uploads', timeoutMs: 60_000 })
    await waitFor(allThere, { what: 'the process again', timeoutMs: 60_000, everyMs: 100 })
    await Promise.all(uploaders.map((uploader) => uploader.stop()))

    const after = await site.pidsOf('web')
    assert.notInclude(after, victim)
    assert.includeMembers(after, others)
    const acknowledged = uploaders.flatMap((uploader) => uploader.acknowledged)
    const statuses = await Promise.all(
      acknowledged.map(({ url }) => statusOf(new URL(url).pathname))
    )
    assert.isTrue(statuses.every((status) => status === 200))
  })
})
