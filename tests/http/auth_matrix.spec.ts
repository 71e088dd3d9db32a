import { test } from '@japa/runner'
import type { ApiClient, NewApiTokenJson } from '#tests/helpers/api'
import { OpenapiChecker } from '#tests/helpers/openapi'
import { startWebServer, type TestWebServer } from '#tests/helpers/web_server'

interface Rule {
  operation: string
  method: string
  path: string
  /** The scopes of which an API token needs one; none where no token is let in. */
  scopes: string[]
}

const SCOPES = ['read', 'write']

/** What the document says of the operations that need credentials. */
function rulesOf(checker: OpenapiChecker): Rule[] {
  return checker.operations().flatMap((operation) => {
    const security = checker.operation(operation)['security']
    const options: Record<string, string[]>[] = Array.isArray(security) ? security : []
    if (options.length === 0 || options.some((option) => Object.keys(option).length === 0)) {
      return []
    }
    const [method = '', template = ''] = operation.split(' ')
    const path = template
      .replace('{key}', 'abcdef')
      .replace('{id}', '987654')
      .replace('{stream}', 'image-987654')
    const needed = options.find((option) => 'apiToken' in option)?.['apiToken'] ?? null
    const scopes = needed?.length === 0 ? SCOPES : (needed ?? [])
    return [{ operation, method, path, scopes }]
  })
}

test.group('Who may call what', (group) => {
  group.each.timeout(30_000)
  let server: TestWebServer
  let admin: ApiClient
  const tools: Record<string, ApiClient> = {}

  group.setup(async () => {
    server = await startWebServer()
    admin = await server.setUp()
    for (const scope of SCOPES) {
      const { data } = await admin.post<NewApiTokenJson>('/api/v1/api-tokens', {
        json: { name: scope, scopes: [scope] },
      })
      tools[scope] = admin.as(data.token)
    }
    return () => server.stop()
  })

  test('{operation}')
    .with(async () => rulesOf(await OpenapiChecker.load()))
    .run(async ({ assert }, { method, path, scopes }) => {
      assert.equal((await server.api.send(method, path)).status, 401, 'nobody')
      assert.equal((await server.api.as('nonsense').send(method, path)).status, 401, 'nonsense')
      for (const granted of SCOPES) {
        const { status } = await (tools[granted] ?? server.api).send(method, path)
        if (scopes.includes(granted)) {
          assert.notInclude([401, 403], status, `a token that may ${granted}`)
        } else {
          assert.equal(status, 403, `a token that may only ${granted}`)
        }
      }
      if (path !== '/api/v1/auth/logout') {
        assert.notInclude([401, 403], (await admin.send(method, path)).status, 'a session')
      }
    })
})
