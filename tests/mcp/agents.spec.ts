import { writeFile } from 'node:fs/promises'
import { test } from '@japa/runner'
import type { ImagePageJson, ImageJson, ProfileJson, UploadedImage, UsageStats } from '#mcp/shapes'
import { cameraJpeg, plainPng } from '#tests/fixtures/images'
import type { ApiClient, NewApiTokenJson } from '#tests/helpers/api'
import { TemporaryFolder } from '#tests/helpers/temporary_folder'
import { startWebServer, type TestWebServer } from '#tests/helpers/web_server'
import { Agent, type ProtocolEra } from './agent.ts'

type Transport = 'http' | 'stdio'

const CONNECTIONS: { transport: Transport; era: ProtocolEra }[] = [
  { transport: 'http', era: 'modern' },
  { transport: 'http', era: 'legacy' },
  { transport: 'stdio', era: 'modern' },
  { transport: 'stdio', era: 'legacy' },
]

test.group('Agents, over either transport', (group) => {
  group.each.timeout(30_000)
  let server: TestWebServer
  const folder = new TemporaryFolder()
  let user: ApiClient
  let other: ApiClient
  const tokens = { both: '', read: '', write: '' }

  group.setup(async () => {
    server = await startWebServer()
    await server.setUp()
    user = await server.addUser('user@example.org')
    other = await server.addUser('other@example.org')
    tokens.both = await createToken(['read', 'write'])
    tokens.read = await createToken(['read'])
    tokens.write = await createToken(['write'])
    return async () => {
      await server.stop()
      folder.remove()
    }
  })

  const createToken = async (scopes: string[]) => {
    const json = { name: scopes.join(' '), scopes }
    return (await user.post<NewApiTokenJson>('/api/v1/api-tokens', { json })).data.token
  }
  const connect = (transport: Transport, era: ProtocolEra = 'modern', token = tokens.both) =>
    transport === 'http'
      ? Agent.overHttp(server.api.url, token, era)
      : Agent.overStdio(server.api.url, token, era)
  /** An image as `upload_image` takes it over this transport. */
  const handOver = async (transport: Transport, bytes: Buffer, name: string) => {
    if (transport === 'http') {
      return { base64: bytes.toString('base64'), filename: name }
    }
    const path = folder.at(name)
    await writeFile(path, bytes)
    return { path }
  }
  const using = async (agent: Agent, work: (agent: Agent) => Promise<void>) => {
    try {
      await work(agent)
    } finally {
      await agent.close()
    }
  }

  test('{transport}, {era}: a photograph is uploaded, found, read and deleted')
    .with(CONNECTIONS)
    .run(async ({ assert }, { transport, era }) => {
      const original = await cameraJpeg()
      const name = `${transport} ${era}.jpg`
      await using(await connect(transport, era), async (agent) => {
        const before = await agent.call<UsageStats>('get_usage_stats')
        const { data: uploaded } = await agent.call<UploadedImage>('upload_image', {
          ...(await handOver(transport, original, name)),
          permission: 0,
          expires_in: '7d',
        })
        const key = uploaded?.key ?? ''
        const { data: shown } = await user.get<ImageJson>(`/api/v1/images/${key}`)
        const served = await user.get(new URL(shown.links.url).pathname)

        assert.deepEqual(uploaded, {
          key,
          url: shown.links.url,
          markdown: shown.links.markdown,
          html: shown.links.html,
          bbcode: shown.links.bbcode,
          mimetype: 'image/jpeg',
          original_size: original.length,
          stored_size: served.bytes.length,
          processed: true,
        })
        assert.equal(shown.origin_name, name)
        assert.equal(shown.permission, 0)
        assert.isNotNull(shown.expires_at)

        const list = await agent.call<ImagePageJson>('list_images', { page_size: 1, keyword: name })
        assert.deepEqual(
          list.data?.items.map((image) => image.key),
          [key]
        )
        assert.deepEqual((await agent.call<ImageJson>('get_image', { key })).data, shown)
        assert.deepEqual(await agent.read<ImageJson>(`picfast://images/${key}`), shown)

        const after = await agent.call<UsageStats>('get_usage_stats')
        assert.equal(after.data?.image_num, (before.data?.image_num ?? 0) + 1)
        assert.equal(after.data?.used_bytes, (before.data?.used_bytes ?? 0) + served.bytes.length)

        assert.deepEqual((await agent.call('delete_image', { key })).data, { key, deleted: true })
        assert.equal(await agent.codeOf('get_image', { key }), 'IMAGE_NOT_FOUND')
        assert.equal((await user.get(`/api/v1/images/${key}`)).status, 404)
      })
    })

  test('{transport}, {era}: tools, resources and the prompt are announced')
    .with(CONNECTIONS)
    .run(async ({ assert }, { transport, era }) => {
      await using(await connect(transport, era), async ({ client }) => {
        const { tools } = await client.listTools()
        const { resources } = await client.listResources()
        const { resourceTemplates } = await client.listResourceTemplates()
        const { prompts } = await client.listPrompts()
        const upload = tools.find(({ name }) => name === 'upload_image')

        assert.sameMembers(
          tools.map(({ name }) => name),
          ['upload_image', 'list_images', 'get_image', 'delete_image', 'get_usage_stats']
        )
        assert.isTrue(tools.every(({ description }) => description !== undefined))
        assert.containsSubset(upload?.inputSchema.properties, {
          ...(transport === 'http' ? { base64: {}, url: {} } : { path: {} }),
        })
        assert.deepEqual(
          resources.map(({ uri }) => uri),
          ['picfast://user/profile']
        )
        assert.deepEqual(
          resourceTemplates.map(({ uriTemplate }) => uriTemplate),
          ['picfast://images/{key}']
        )
        assert.deepEqual(
          prompts.map(({ name }) => name),
          ['upload_and_share']
        )
      })
    })

  test('{transport}: the profile is that of the API')
    .with([{ transport: 'http' as const }, { transport: 'stdio' as const }])
    .run(async ({ assert }, { transport }) => {
      await using(await connect(transport), async (agent) => {
        const { data } = await user.get<ProfileJson>('/api/v1/users/me')
        const profile = await agent.read<ProfileJson>('picfast://user/profile')

        assert.deepEqual(profile, data)
      })
    })

  test('{transport}: the prompt names the image and the form of the link')
    .with([{ transport: 'http' as const }, { transport: 'stdio' as const }])
    .run(async ({ assert }, { transport }) => {
      await using(await connect(transport), async ({ client }) => {
        const { messages } = await client.getPrompt({
          name: 'upload_and_share',
          arguments: { image: '/tmp/harbour.jpg', format: 'bbcode' },
        })
        const [message] = messages

        assert.equal(message?.role, 'user')
        const text = message?.content.type === 'text' ? message.content.text : ''
        assert.include(text, '/tmp/harbour.jpg')
        assert.include(text, 'upload_image')
        assert.include(text, '"bbcode"')
      })
    })

  test('{transport}: an image that loses nothing is not called processed')
    .with([{ transport: 'http' as const }, { transport: 'stdio' as const }])
    .run(async ({ assert }, { transport }) => {
      const bytes = await plainPng()
      await using(await connect(transport), async (agent) => {
        const { data } = await agent.call<UploadedImage>(
          'upload_image',
          await handOver(transport, bytes, 'plain.png')
        )

        assert.isFalse(data?.processed)
        assert.equal(data?.original_size, bytes.length)
        assert.equal(data?.stored_size, bytes.length)
      })
    })

  test('{transport}: a library is walked by its cursor')
    .with([{ transport: 'http' as const }, { transport: 'stdio' as const }])
    .run(async ({ assert }, { transport }) => {
      await using(await connect(transport), async (agent) => {
        for (const width of [11, 12, 13]) {
          const bytes = await plainPng(width, 10)
          await agent.call(
            'upload_image',
            await handOver(transport, bytes, `walk ${transport}.png`)
          )
        }
        const widths: number[] = []
        let cursor: string | null = ''
        while (cursor !== null) {
          const { data }: { data: ImagePageJson | null } = await agent.call('list_images', {
            page_size: 2,
            keyword: `walk ${transport}`,
            ...(cursor === '' ? {} : { cursor }),
          })
          widths.push(...(data?.items ?? []).map(({ width }) => width))
          cursor = data?.next_cursor ?? null
        }
        assert.deepEqual(widths, [13, 12, 11])
      })
    })

  test('{transport}: arguments of a wrong shape are refused')
    .with([{ transport: 'http' as const }, { transport: 'stdio' as const }])
    .run(async ({ assert }, { transport }) => {
      await using(await connect(transport), async ({ client }) => {
        for (const input of [{ page_size: 1_000 }, { page: 'first' }, { cursor: 'nonsense' }]) {
          const { isError } = await client.callTool({ name: 'list_images', arguments: input })
          assert.isTrue(isError, JSON.stringify(input))
        }
      })
    })

  test('{transport}: what is missing, or private to another, is not found')
    .with([{ transport: 'http' as const }, { transport: 'stdio' as const }])
    .run(async ({ assert }, { transport }) => {
      const fields = { permission: '0' }
      const { data: foreign } = await other.upload(await plainPng(21, 20), 'x.png', fields)
      const { data: open } = await other.upload(await plainPng(22, 20), 'y.png', {
        permission: '1',
      })
      await using(await connect(transport), async (agent) => {
        for (const key of ['zzzzzz', foreign.key, '', '../users/me', '\u0000', 'ä'.repeat(500)]) {
          assert.equal(await agent.codeOf('get_image', { key }), 'IMAGE_NOT_FOUND', key)
          assert.equal(await agent.codeOf('delete_image', { key }), 'IMAGE_NOT_FOUND', key)
        }
        assert.equal(await agent.codeOf('get_image', { key: open.key }), null)
        assert.equal(await agent.codeOf('delete_image', { key: open.key }), 'IMAGE_NOT_FOUND')
        await assert.rejects(() => agent.read('picfast://images/zzzzzz'), /IMAGE_NOT_FOUND/)
      })
    })

  test('{transport}: what is no image is refused')
    .with([{ transport: 'http' as const }, { transport: 'stdio' as const }])
    .run(async ({ assert }, { transport }) => {
      await using(await connect(transport), async (agent) => {
        const text = await handOver(transport, Buffer.from('Dear diary'), 'diary.png')
        assert.equal(await agent.codeOf('upload_image', text), 'INVALID_IMAGE_DATA')
        const broken = (await cameraJpeg()).subarray(0, 40)
        const half = await handOver(transport, broken, 'half.jpg')
        assert.equal(await agent.codeOf('upload_image', half), 'INVALID_IMAGE_DATA')
        const empty = await handOver(transport, Buffer.alloc(0), 'empty.png')
        assert.equal(await agent.codeOf('upload_image', empty), 'INVALID_IMAGE_DATA')
      })
    })

  test('{transport}: a good image that may not be kept is an upload that failed')
    .with([{ transport: 'http' as const }, { transport: 'stdio' as const }])
    .run(async ({ assert }, { transport }) => {
      await using(await connect(transport), async (agent) => {
        const image = await handOver(transport, await plainPng(31, 30), 'kept.png')
        for (const wish of [{ album_id: 999_999 }, { expires_in: 'soon' }]) {
          const { error } = await agent.call('upload_image', { ...image, ...wish })
          assert.equal(error?.code, 'UPLOAD_FAILED', JSON.stringify(wish))
          assert.isNotEmpty(error?.message)
        }
      })
    })

  test('{transport}: tokens do what their scopes allow')
    .with([{ transport: 'http' as const }, { transport: 'stdio' as const }])
    .run(async ({ assert }, { transport }) => {
      const { data: mine } = await user.upload(await plainPng(41, 40), 'mine.png')
      const image = await handOver(transport, await plainPng(42, 40), 'new.png')
      const input = { key: mine.key }

      await using(await connect(transport, 'modern', tokens.read), async (agent) => {
        assert.equal(await agent.codeOf('upload_image', image), 'FORBIDDEN_SCOPE')
        assert.equal(await agent.codeOf('delete_image', input), 'FORBIDDEN_SCOPE')
        for (const tool of ['get_image', 'list_images', 'get_usage_stats']) {
          assert.equal(await agent.codeOf(tool, input), null)
        }
      })
      await using(await connect(transport, 'modern', tokens.write), async (agent) => {
        assert.equal(await agent.codeOf('upload_image', image), null)
        for (const tool of ['get_image', 'list_images', 'get_usage_stats']) {
          assert.equal(await agent.codeOf(tool, input), 'FORBIDDEN_SCOPE')
        }
        await assert.rejects(() => agent.read('picfast://user/profile'), /FORBIDDEN_SCOPE/)
        assert.equal(await agent.codeOf('delete_image', input), null)
      })
    })
})
