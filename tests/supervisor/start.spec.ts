import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import { test } from '@japa/runner'
import pg from 'pg'
import { isAlive } from '#supervisor/child_process'
import { RunningSite, type Part } from '#tests/chaos/running_site'
import { plainPng } from '#tests/fixtures/images'
import { ApiClient, type TokensJson } from '#tests/helpers/api'
import { OpenapiChecker } from '#tests/helpers/openapi'
import { S3_BUCKET, S3_CREDENTIALS, startS3Server } from '#tests/helpers/s3_server'
import { TemporaryFolder } from '#tests/helpers/temporary_folder'
import { waitFor } from '#tests/helpers/wait_for'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const PARTS: readonly Part[] = ['web', 'worker', 'projector', 'redis', 'postgres']

/** Starts PicFast where it must not start; answers what it said. */
async function failedStart(env: NodeJS.ProcessEnv): Promise<{ code: number | null; said: string }> {
  const given: NodeJS.ProcessEnv = { ...process.env, HOST: '127.0.0.1', PORT: '0', ...env }
  const child = spawn(process.execPath, ['ace.js', 'start'], { cwd: ROOT, env: given })
  let said = ''
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
  const [code] = (await once(child, 'exit')) as [number | null]
  return { code, said: said.replace('Starting PicFast …', '').trim() }
}

test.group('Supervisor | start', (group) => {
  let folder: TemporaryFolder

  group.each.setup(() => {
    folder = new TemporaryFolder()
    chmodSync(folder.path, 0o711)
    return () => folder.remove()
  })

  test('a second start finds the data; a stop ends all that was started', async ({
    assert,
    cleanup,
  }) => {
    const site = await RunningSite.start(folder.at('data'), {
      ADMIN_EMAIL: 'ada@example.org',
      ADMIN_PASSWORD: 'correct horse',
    })
    cleanup(() => site.stop())
    const login = await fetch(`${site.url}/api/v1/auth/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ email: 'ada@example.org', password: 'correct horse' }),
    })
    assert.equal(login.status, 200, 'the administrator of the environment is there')
    assert.notInclude(site.output, 'make the first administrator')
    const count = async () => {
      const client = new pg.Client({ connectionString: site.databaseUrl })
      await client.connect()
      const { rows } = await client.query<{ position: string }>('select position from log.head')
      await client.end()
      return Number(rows[0]?.position)
    }
    const key = site.siteKey
    const events = await count()
    assert.isAbove(events, 0)
    const pids = (await Promise.all(PARTS.map((part) => site.pidOf(part)))).map(Number)
    assert.isTrue(pids.every((pid) => isAlive(pid)))

    const second = await failedStart({ DATA_DIR: folder.at('data') })
    assert.equal(second.code, 1)
    assert.match(second.said, /^PicFast \(process \d+\) runs on the data folder .* already: .*\.$/)

    await site.stop()
    assert.deepEqual(
      pids.filter((pid) => isAlive(pid)),
      []
    )
    await site.start()
    assert.equal(await count(), events)
    assert.equal(site.siteKey, key)
  }).timeout(120_000)

  test('when the supervisor is killed its roles end, and the next start copes with the rest', async ({
    assert,
    cleanup,
  }) => {
    const site = await RunningSite.start(folder.at('data'))
    cleanup(() => site.stop())
    const roles = (
      await Promise.all((['web', 'worker', 'projector'] as const).map((part) => site.pidOf(part)))
    ).map(Number)
    await site.killSupervisor()
    await waitFor(() => roles.every((pid) => !isAlive(pid)), {
      what: 'the roles to end',
      timeoutMs: 20_000,
    })
    await site.start()
    const answer = await fetch(`${site.url}/health`)
    assert.equal(answer.status, 200)
  }).timeout(120_000)

  test('a storage elsewhere that is away holds up no start', async ({ assert, cleanup }) => {
    const storage = await startS3Server()
    cleanup(() => storage.stop())
    const administrator = { email: 'ada@example.org', password: 'correct horse' }
    const site = await RunningSite.start(folder.at('data'), {
      ADMIN_EMAIL: administrator.email,
      ADMIN_PASSWORD: administrator.password,
    })
    cleanup(() => site.stop())
    const visitor = new ApiClient(site.url, await OpenapiChecker.load())
    const { data } = await visitor.post<TokensJson>('/api/v1/auth/login', { json: administrator })
    const configs = {
      endpoint: storage.url,
      bucket: S3_BUCKET,
      access_key: S3_CREDENTIALS.accessKey,
      secret_key: S3_CREDENTIALS.secretKey,
    }
    const { status } = await visitor
      .as(data.access_token)
      .post('/api/v1/admin/strategies', { json: { name: 'far', strategy_type: 's3', configs } })
    assert.equal(status, 201)
    assert.notInclude(site.output, 'Down')
    await site.stop()
    await storage.stop()

    await site.start()
    assert.include(site.output, 'Down  storage')
    const again = await visitor.post<TokensJson>('/api/v1/auth/login', { json: administrator })
    const upload = await visitor.as(again.data.access_token).upload(await plainPng(), 'a.png')
    assert.equal(upload.status, 201)
  }).timeout(180_000)

  test('a port in use is said in one sentence', async ({ assert, cleanup }) => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    cleanup(() => {
      server.close()
    })
    const address = server.address()
    const port = address !== null && typeof address === 'object' ? String(address.port) : ''
    const { code, said } = await failedStart({ DATA_DIR: folder.at('data'), PORT: port })
    assert.equal(code, 1)
    assert.match(said, new RegExp(`^Port ${port} is in use: [^\\n]*\\.$`))
    assert.isFalse(existsSync(folder.at('data')))
  }).timeout(60_000)

  test('a data folder from a newer version is left alone', async ({ assert }) => {
    mkdirSync(folder.at('data'))
    writeFileSync(folder.at('data', 'version.json'), JSON.stringify({ format: 999 }))
    const { code, said } = await failedStart({ DATA_DIR: folder.at('data') })
    assert.equal(code, 1)
    assert.match(said, /^The data folder .* was made by a newer PicFast: [^\n]*\.$/)
  }).timeout(60_000)

  test('a data folder that is none is said in one sentence', async ({ assert }) => {
    writeFileSync(folder.at('file'), '')
    const { code, said } = await failedStart({ DATA_DIR: folder.at('file') })
    assert.equal(code, 1)
    assert.match(said, /^.*file is not a folder: [^\n]*\.$/)
  }).timeout(60_000)

  test('{name} is named')
    .with([
      {
        name: 'a bad port',
        env: { PORT: 'abc' },
        sentence: /^PORT must be a port from 0 to 65535$/,
      },
      {
        name: 'a bad database',
        env: { DATABASE_URL: 'mysql://x' },
        sentence: /^DATABASE_URL must be a URL of the form postgres:/,
      },
      {
        name: 'a short key',
        env: { APP_KEY: 'short' },
        sentence: /^APP_KEY must be a secret of at least 32 characters$/,
      },
      {
        name: 'an administrator without a password',
        env: { ADMIN_EMAIL: 'ada@example.org' },
        sentence: /^ADMIN_PASSWORD must be set when ADMIN_EMAIL is$/,
      },
      {
        name: 'an administrator without an address',
        env: { ADMIN_PASSWORD: 'correct horse' },
        sentence: /^ADMIN_EMAIL must be set when ADMIN_PASSWORD is$/,
      },
      {
        name: "an administrator's short password",
        env: { ADMIN_EMAIL: 'ada@example.org', ADMIN_PASSWORD: 'short' },
        sentence: /^ADMIN_PASSWORD must have 8 to 72 bytes$/,
      },
      {
        name: "an administrator's bad address",
        env: { ADMIN_EMAIL: 'ada', ADMIN_PASSWORD: 'correct horse' },
        sentence: /^ADMIN_EMAIL must be an e-mail address$/,
      },
      {
        name: 'a mail server without a sender',
        env: { SMTP_HOST: 'smtp.example.org' },
        sentence: /^MAIL_FROM must be set when SMTP_HOST is$/,
      },
      {
        name: 'too many web processes',
        env: { WEB_PROCESSES: '65' },
        sentence: /^WEB_PROCESSES must be a whole number from 1 to 64$/,
      },
      {
        name: 'a bad sender',
        env: { SMTP_HOST: 'smtp.example.org', MAIL_FROM: 'PicFast <nobody>' },
        sentence: /^MAIL_FROM must be an e-mail address, alone or as "Name <address>"$/,
      },
      {
        name: 'an absent database',
        env: { DATABASE_URL: 'postgres://x:y@127.0.0.1:1/z' },
        sentence: /^The PostgreSQL server at DATABASE_URL cannot be reached: [^\n]*$/,
      },
    ])
    .run(async ({ assert }, { env, sentence }) => {
      const { code, said } = await failedStart({ DATA_DIR: folder.at('data'), ...env })
      assert.equal(code, 1)
      assert.match(said, sentence)
    })
    .timeout(60_000)
})
