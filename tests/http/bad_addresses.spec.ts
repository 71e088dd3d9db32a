import { test } from '@japa/runner'
import { OpenapiChecker, type WireAnswer } from '#tests/helpers/openapi'
import { operationsOf, type OperationSpec } from '#tests/helpers/openapi_operations'
import { sendRaw, type RawRequest } from '#tests/helpers/raw_http'
import { fill, Stage } from './bad_input/stage.ts'

/** What may stand for an id or a key in a path: nothing there is, or can be. */
const JUNK = [
  '0',
  '-1',
  '1.5',
  '1e3',
  '0x10',
  '%2B1',
  '007',
  '9007199254740991',
  '9007199254740993',
  '18446744073709551616',
  '9'.repeat(400),
  'x'.repeat(4_000),
  '%',
  '%zz',
  '%00',
  '%ff',
  '%C0%AF',
  '%ED%A0%80',
  '%2e%2e%2f%2e%2e%2fetc%2fpasswd',
  '..%5c..%5c',
  '%0d%0aSet-Cookie:%20x=1',
  '%F0%9F%91%A9',
  '%252e%252e',
  '__proto__',
  'constructor',
  'null',
  'undefined',
  '[object%20Object]',
  "';drop%20table%20read.images;--",
  '%7B%7D',
  '*',
  '1;2',
  '1,2',
]

const METHODS = ['GET', 'PUT', 'POST', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND', 'PURGE']

/** Larger than any bound on bodies that are read whole, and than what sockets hold by themselves. */
const OVERSIZE_BYTES = 30 * 1024 * 1024

const operations = async () => operationsOf((await OpenapiChecker.load()).document)
const withPlace = async () => (await operations()).filter(({ template }) => template.includes('{'))
const withBody = async () => (await operations()).filter(({ body }) => body !== null)

test.group('Addresses', (group) => {
  group.each.timeout(120_000)
  let stage: Stage
  let token: string | null

  group.setup(async () => {
    stage = await Stage.open()
    return () => stage.server.stop()
  })
  group.each.setup(async () => {
    token = (await stage.admin()).token
  })

  /** The answer to bytes that no client would send; it must be one of the document's. */
  const send = async (
    method: string,
    target: string,
    { headers = [], ...request }: Partial<RawRequest> = {}
  ): Promise<WireAnswer | null> => {
    const credentials: Array<[string, string]> = [['Authorization', `Bearer ${token}`]]
    const answer = await sendRaw(stage.server.api.url, {
      ...request,
      method,
      target,
      headers: [...credentials, ...headers],
    })
    if (answer !== null && method !== 'TRACE') {
      stage.checker.check(answer)
    }
    return answer
  }

  const jsonOf = ({ body }: OperationSpec) =>
    body?.type === 'application/json' ? { json: body.example } : {}

  test('junk in the path of {name}')
    .with(withPlace)
    .run(async ({ assert }, { method, template }) => {
      for (const junk of JUNK) {
        const answer = await send(
          method,
          fill(template, () => junk)
        )
        assert.include([400, 404], answer?.status ?? 0, junk)
      }
    })

  test('what is another’s is as what is not there, for {name}')
    .with(async () => (await withPlace()).filter(({ security }) => security.length > 0))
    .run(async ({ assert }, operation) => {
      const admin = await stage.admin()
      const [foreign] = await stage.knownPaths(operation, admin)
      const tries = [foreign ?? stage.unknownPath(operation), stage.unknownPath(operation)]
      const answers = await Promise.all(
        tries.map((path) => stage.stranger.send(operation.method, path, jsonOf(operation)))
      )
      const [theirs, none] = answers.map(({ status, bytes }) => [status, bytes.toString()])
      assert.deepEqual(theirs, none)
      assert.equal(answers[0]?.status, operation.template.includes('/admin/') ? 403 : 404)
    })

  test('what was deleted is not there any more, for {name}')
    .with(async () => (await withPlace()).filter(({ method }) => method === 'DELETE'))
    .run(async ({ assert }, operation) => {
      const admin = await stage.admin()
      const paths = await stage.knownPaths(operation, admin)
      let gone: string | undefined
      for (const path of paths) {
        const { status } = await admin.delete(path)
        gone = status === 200 ? path : gone
        if (gone !== undefined) {
          break
        }
      }
      assert.exists(gone, 'nothing could be deleted')
      const others = (await withPlace()).filter(({ template }) => template === operation.template)
      for (const other of others) {
        const { status } = await admin.send(other.method, gone ?? '', jsonOf(other))
        assert.equal(status, 404, other.method)
      }
    })

  test('other methods than those of {template} are 405')
    .with(async () => {
      const all = await operations()
      const templates = [...new Set(all.map(({ template }) => template))]
      return templates.map((template) => {
        const ofIt = all.filter((one) => one.template === template)
        const [first] = ofIt
        const methods = ofIt.map(({ method }) => method)
        // `/strategies/health` is also what `/strategies/{id}` takes.
        const others = all
          .filter((one) => one.template !== template && patternOf(one.template).test(template))
          .map(({ method }) => method)
        return { template, methods, others, parameters: first?.parameters ?? [] }
      })
    })
    .run(async ({ assert }, { template, methods, others, parameters }) => {
      const path = fill(template, (name) => {
        const sample = parameters.find((one) => one.name === name)?.schema['type']
        return sample === 'integer' ? '1' : sampleOf(name)
      })
      const taken = [...new Set([...methods, ...others])]
      const allowed = taken.includes('GET') ? [...taken, 'HEAD'] : taken
      for (const method of METHODS.filter((one) => !taken.includes(one))) {
        const answer = await send(method, path)
        assert.equal(answer?.status, 405, method)
        assert.sameMembers(answer?.headers.get('allow')?.split(', ') ?? [], allowed, method)
      }
    })

  test('a body over the limit of {name} is answered, not cut off')
    .with(withBody)
    .run(async ({ assert }, operation) => {
      const type = operation.body?.type ?? ''
      const boundary = 'a-boundary'
      const body = Buffer.alloc(OVERSIZE_BYTES, ' ')
      body.write(
        type === 'application/json'
          ? '{'
          : `--${boundary}\r\nContent-Disposition: form-data; name="album_id"\r\n\r\n`
      )
      const path = stage.unknownPath(operation)
      const headers: Array<[string, string]> = [
        ['Content-Type', type === 'application/json' ? type : `${type}; boundary=${boundary}`],
        ['Content-Length', String(body.length)],
      ]
      const answer = await send(operation.method, path, { headers, body })
      assert.include([400, 413], answer?.status ?? 0)
    })

  test('a body of {name} that is cut off leaves the server well')
    .with(withBody)
    .run(async ({ assert }, operation) => {
      const type = operation.body?.type ?? ''
      const headers: Array<[string, string]> = [
        ['Content-Type', type === 'application/json' ? type : `${type}; boundary=x`],
        ['Content-Length', '5000'],
      ]
      const starts = [
        '',
        '{"name":',
        '--x\r\nContent-Disposition: form-data; name="file"; filename="a"',
      ]
      for (const start of starts) {
        const path = stage.unknownPath(operation)
        const answer = await sendRaw(stage.server.api.url, {
          method: operation.method,
          target: path,
          headers: [['Authorization', `Bearer ${token}`], ...headers],
          body: Buffer.from(start),
          end: true,
        })
        assert.isTrue(answer === null || answer.status === 400, String(answer?.status))
      }
      assert.equal((await stage.server.api.get('/health')).status, 200)
    })

  test('lines of {name} that no client sends')
    .with(operations)
    .run(async ({ assert }, operation) => {
      const path = stage.unknownPath(operation)
      const junk: Array<Array<[string, string]>> = [
        [['X-Junk', '\u0000']],
        [['X-Junk', 'a\rb']],
        [['X Junk', 'a']],
        [['', 'a']],
        [['Content-Length', '-1']],
        [['Content-Length', '1, 2']],
        [
          ['Content-Length', '3'],
          ['Transfer-Encoding', 'chunked'],
        ],
        [['Transfer-Encoding', 'nonsense']],
        [['Expect', 'a miracle']],
        [['Host', 'another.test']],
        [['X-Junk', 'x'.repeat(40_000)]],
        Array.from({ length: 3_000 }, (_, index): [string, string] => [`X-${index}`, 'x']),
        [['Authorization', 'Basic eDp5']],
        [['Authorization', `Bearer ${'x'.repeat(9_000)}`]],
        [['Authorization', 'Bearer \u00ff\u0080']],
        [['Content-Encoding', 'nonsense']],
        [['Cookie', ';;=;,\u00ff']],
      ]
      for (const headers of junk) {
        const answer = await sendRaw(stage.server.api.url, {
          method: operation.method,
          target: path,
          headers,
          end: true,
        })
        assert.isBelow(answer?.status ?? 400, 500, JSON.stringify(headers).slice(0, 80))
      }
    })
})

function patternOf(template: string): RegExp {
  return new RegExp(`^${template.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '[^/]+')}$`)
}

/** What fits the router's patterns. */
function sampleOf(name: string): string {
  const samples: Record<string, string> = { md5: '0'.repeat(32), extension: 'png' }
  return samples[name] ?? 'zzzzzzz9'
}
