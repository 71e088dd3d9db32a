import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { test } from '@japa/runner'
import type { UploadedImage } from '#mcp/shapes'
import { plainPng } from '#tests/fixtures/images'
import type { ApiClient, UserJson } from '#tests/helpers/api'
import { TemporaryFolder } from '#tests/helpers/temporary_folder'
import { waitFor } from '#tests/helpers/wait_for'
import { startWebServer, type TestWebServer } from '#tests/helpers/web_server'
import { Agent } from './agent.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const PROGRAM = join(ROOT, 'bin/picfast_mcp.js')
const READING_TOOLS = ['list_images', 'get_image', 'delete_image', 'get_usage_stats']

test.group('Agents over standard input and output', (group) => {
  group.each.timeout(30_000)
  let server: TestWebServer
  let admin: ApiClient
  const folder = new TemporaryFolder()
  let image: string

  group.setup(async () => {
    image = folder.at('plain.png')
    await writeFile(image, await plainPng())
    server = await startWebServer()
    admin = await server.setUp()
    return async () => {
      await server.stop()
      folder.remove()
    }
  })

  const allowGuests = (allow: boolean) =>
    admin.put('/api/v1/admin/settings', { json: { allow_guest_upload: allow } })
  const using = async (agent: Agent, work: (agent: Agent) => Promise<void>) => {
    try {
      await work(agent)
    } finally {
      await agent.close()
    }
  }

  test('a visitor uploads where visitors may, and does nothing else', async ({ assert }) => {
    await using(await Agent.overStdio(server.api.url, null), async (agent) => {
      await allowGuests(true)
      const uploaded = await waitFor(
        async () => (await agent.call<UploadedImage>('upload_image', { path: image })).data,
        { what: 'visitors to be let in' }
      )
      assert.equal((await server.api.get(new URL(uploaded.url).pathname)).status, 200)
      for (const tool of READING_TOOLS) {
        assert.equal(await agent.codeOf(tool, { key: uploaded.key }), 'UNAUTHORIZED')
      }
      await assert.rejects(() => agent.read('picfast://user/profile'), /UNAUTHORIZED/)

      await allowGuests(false)
      const refused = await waitFor(
        async () => (await agent.call('upload_image', { path: image })).error,
        { what: 'visitors to be kept out' }
      )
      assert.equal(refused.code, 'UNAUTHORIZED')
    })
  })

  test('the site knows what program it was', async ({ assert }) => {
    await using(await Agent.overStdio(server.api.url, admin.token), async (agent) => {
      await agent.call('upload_image', { path: image })
    })
    const uploads = await server.services.eventStore.readAll({
      after: 0,
      limit: 1_000,
      types: ['image.uploaded'],
    })

    assert.match(uploads.at(-1)?.metadata.user_agent ?? '', /^picfast-mcp\/\d/)
  })

  test('a token that is not good is told so', async ({ assert }) => {
    await using(await Agent.overStdio(server.api.url, `img_${'x'.repeat(43)}`), async (agent) => {
      for (const tool of ['upload_image', ...READING_TOOLS]) {
        assert.equal(await agent.codeOf(tool, { path: image, key: 'k3x9ab' }), 'UNAUTHORIZED', tool)
      }
    })
  })

  test('an account that was frozen does nothing any more', async ({ assert }) => {
    const user = await server.addUser('frozen@example.org')
    const { data } = await user.get<UserJson>('/api/v1/users/me')
    const created = await user.post<{ token: string }>('/api/v1/api-tokens', {
      json: { name: 'agent' },
    })
    await admin.put(`/api/v1/admin/users/${data.id}`, { json: { status: 0 } })
    await using(await Agent.overStdio(server.api.url, created.data.token), async (agent) => {
      for (const tool of ['upload_image', ...READING_TOOLS]) {
        assert.equal(await agent.codeOf(tool, { path: image, key: 'k3x9ab' }), 'UNAUTHORIZED', tool)
      }
    })
  })

  test('a path without a file that can be read is refused', async ({ assert }) => {
    await using(await Agent.overStdio(server.api.url, admin.token), async (agent) => {
      for (const path of [folder.at('none.png'), folder.path, '/dev/zero', `${image}/x`]) {
        assert.equal(await agent.codeOf('upload_image', { path }), 'INVALID_IMAGE_DATA', path)
      }
    })
  })

  test('a server that cannot be reached, or is another, is told of', async ({ assert }) => {
    const elsewhere = createServer((_request, response) => response.end('<h1>Welcome</h1>'))
    elsewhere.listen(0, '127.0.0.1')
    await once(elsewhere, 'listening')
    const { port } = elsewhere.address() as AddressInfo
    for (const url of ['http://127.0.0.1:1', `http://127.0.0.1:${port}`]) {
      await using(await Agent.overStdio(url, admin.token), async (agent) => {
        assert.equal(await agent.codeOf('upload_image', { path: image }), 'UPLOAD_FAILED', url)
        for (const tool of READING_TOOLS) {
          assert.equal(await agent.codeOf(tool, { key: 'k3x9ab' }), 'INTERNAL_ERROR', url)
        }
      })
    }
    elsewhere.close()
  })

  test('without an address the program says what is missing', async ({ assert }) => {
    for (const address of ['', 'img.example.org', 'ftp://img.example.org']) {
      const child = spawn(process.execPath, [PROGRAM], { env: { PICFAST_BASE_URL: address } })
      const [said, printed, [code]] = await Promise.all([
        text(child.stderr),
        text(child.stdout),
        once(child, 'exit'),
      ])
      assert.equal(code, 1)
      assert.include(said, 'PICFAST_BASE_URL')
      assert.equal(printed, '')
    }
  })

  test('the program runs within node_modules, as npx has it', async ({ assert }) => {
    const home = folder.at('node_modules', 'picfast')
    for (const name of ['package.json', 'bin', 'app']) {
      await cp(join(ROOT, name), join(home, name), { recursive: true })
    }
    await symlink(join(ROOT, 'node_modules'), join(home, 'node_modules'))
    const program = join(home, 'bin', 'picfast_mcp.js')
    await using(
      await Agent.overStdio(server.api.url, admin.token, 'modern', program),
      async (agent) => {
        assert.isNull(await agent.codeOf('upload_image', { path: image }))
      }
    )
  })

  test('the program ends when its agent goes', async ({ assert }) => {
    const child = spawn(process.execPath, [PROGRAM], {
      env: { PICFAST_BASE_URL: server.api.url },
      stdio: ['pipe', 'ignore', 'inherit'],
    })
    const ended = once(child, 'exit')
    child.stdin.end()

    assert.deepEqual(await ended, [0, null])
  })
})
