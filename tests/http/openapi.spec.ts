import { test } from '@japa/runner'
import { createIgnitor } from '#bin/ignitor'
import { OpenapiChecker, type WireAnswer } from '#tests/helpers/openapi'
import { createTestDatabase } from '#tests/helpers/database'
import { TEST_SITE_KEY } from '#tests/helpers/event_store'
import { testRedisUrl } from '#tests/helpers/redis'

/** Patterns of the router whose parameters are more than a segment of the path. */
const PATHS: Record<string, string> = {
  '/i/:file': '/i/{key}.{extension}',
  '/i/:variant': '/i/{key}.{extension}@{options}',
  '/t/:file': '/t/{md5}.png',
}

/** The routes as the document would name them. */
async function routes(): Promise<string[]> {
  const database = await createTestDatabase()
  Object.assign(process.env, {
    DATABASE_URL: database.url,
    REDIS_URL: testRedisUrl(),
    APP_KEY: TEST_SITE_KEY,
  })
  const app = createIgnitor().createApp('test')
  try {
    await app.init()
    await app.boot()
    await app.start(async () => {})
    const router = await app.container.make('router')
    router.commit()
    return Object.values(router.toJSON())
      .flat()
      .flatMap(({ methods, pattern }) => {
        const path = PATHS[pattern] ?? pattern.replace(/:(\w+)/g, '{$1}')
        return methods.filter((method) => method !== 'HEAD').map((method) => `${method} ${path}`)
      })
  } finally {
    await app.terminate()
    await database.drop()
  }
}

function wire(changes: Partial<WireAnswer> & { json?: object }): WireAnswer {
  const json = changes.json ?? { status: true, message: 'OK', data: { required: true } }
  return {
    method: 'GET',
    path: '/api/v1/setup/status',
    status: 200,
    headers: new Headers({ 'x-request-id': 'abc', 'content-type': 'application/json' }),
    body: Buffer.from(JSON.stringify(json)),
    ...changes,
  }
}

test.group('The OpenAPI document', (group) => {
  group.each.timeout(60_000)
  let checker: OpenapiChecker

  group.setup(async () => {
    checker = await OpenapiChecker.load()
  })

  test('has the routes of the router, no fewer and no more', async ({ assert }) => {
    assert.sameMembers(checker.operations(), await routes())
  })

  test('has examples that are as it says', async ({ assert }) => {
    assert.deepEqual(checker.exampleProblems(), [])
  })

  test('shows an example of every body', async ({ assert }) => {
    assert.deepEqual(checker.bodiesWithoutExample(), [])
  })

  test('names each operation once', async ({ assert }) => {
    const names = checker.operations().map((name) => checker.operation(name)['operationId'])

    assert.deepEqual(names, [...new Set(names)])
    assert.isTrue(names.every((name) => typeof name === 'string'))
  })

  test('says of each operation who may call it', async ({ assert }) => {
    for (const name of checker.operations()) {
      assert.property(checker.operation(name), 'security', name)
    }
  })

  test('is held against answers: a good one passes', async () => {
    checker.check(wire({}))
  })

  test('is held against answers: {name}')
    .with([
      { name: 'a code that is not there', change: { status: 418 }, message: /responses \/ 418/ },
      { name: 'a server error', change: { status: 500 }, message: /responses \/ 500/ },
      {
        name: 'a header that is missing',
        change: { headers: new Headers({ 'content-type': 'application/json' }) },
        message: /X-Request-Id is missing/,
      },
      {
        name: 'a field too many',
        change: { json: { status: true, message: 'OK', data: { required: true, extra: 1 } } },
        message: /unevaluated/,
      },
      {
        name: 'a field too few',
        change: { json: { status: true, message: 'OK', data: {} } },
        message: /required/,
      },
      {
        name: 'another type',
        change: { json: { status: true, message: 'OK', data: { required: 'yes' } } },
        message: /must be boolean/,
      },
      {
        name: 'another content type',
        change: { headers: new Headers({ 'x-request-id': 'abc', 'content-type': 'text/html' }) },
        message: /text\/html is not documented/,
      },
      {
        name: 'an address that is not there',
        change: { path: '/nowhere' },
        message: /nothing at paths/,
      },
    ])
    .run(async ({ assert }, { change, message }) => {
      assert.throws(() => checker.check(wire(change)), message)
    })

  test('whoever is told to come back is told when: {$self}')
    .with(['429', '503'])
    .run(({ assert }, status) => {
      // A health check is repeated by whoever makes it.
      const checks = ['GET /health', 'GET /health/ready']
      const operations = checker.operations().filter((name) => !checks.includes(name))
      const silent = operations.filter((name) => {
        const headers = checker.headersOf(name, status)
        return headers !== null && !headers.includes('Retry-After')
      })
      assert.deepEqual(silent, [])
    })
})
