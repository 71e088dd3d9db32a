import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { readOpenapiDocument, type OpenapiDocument } from '#http/openapi_document'

/** An answer as it came over the wire. */
export interface WireAnswer {
  method: string
  /** Without the query. */
  path: string
  status: number
  headers: Headers
  body: Buffer
}

interface MediaType {
  schema?: object
  example?: unknown
}

interface ResponseSpec {
  headers?: Record<string, { required?: boolean; schema?: object }>
  content?: Record<string, MediaType>
}

type Node = Record<string, unknown>

const METHODS = ['get', 'put', 'post', 'patch', 'delete']

/** The document, and whether answers are what it promises: nothing less, and nothing more. */
export class OpenapiChecker {
  readonly document: OpenapiDocument
  readonly #ajv = new Ajv2020({ strict: false, allErrors: true, validateSchema: false })
  readonly #validators = new Map<string, ValidateFunction>()

  private constructor(document: OpenapiDocument) {
    this.document = document
    addFormats.default(this.#ajv)
    this.#ajv.addSchema(closeObjects(document) as Node, 'openapi')
  }

  static async load(): Promise<OpenapiChecker> {
    return new OpenapiChecker(await readOpenapiDocument())
  }

  /** All operations of the document as `GET /path`. */
  operations(): string[] {
    return Object.entries(this.document.paths).flatMap(([path, item]) =>
      METHODS.filter((method) => method in item).map((method) => `${method.toUpperCase()} ${path}`)
    )
  }

  /** What the document says of an operation, such as `POST /api/v1/images`. */
  operation(name: string): Node {
    const [method = '', path = ''] = name.split(' ')
    return this.#at(['paths', path, method.toLowerCase()])
  }

  /** The names of the headers that an operation documents for a status; `null` for one that it does not answer. */
  headersOf(name: string, status: string): string[] | null {
    const [method = '', path = ''] = name.split(' ')
    const responses = ['paths', path, method.toLowerCase(), 'responses']
    if (!(status in this.#at(responses))) {
      return null
    }
    const { headers } = this.#at(this.#follow([...responses, status])) as ResponseSpec
    return Object.keys(headers ?? {})
  }

  /** @throws Error that says where the answer is not as the document has it */
  check(answer: WireAnswer): void {
    const pointer = this.#responseFor(answer)
    const spec: ResponseSpec = this.#at(pointer)
    const problems = [
      ...this.#headerProblems(pointer, spec, answer),
      ...this.#bodyProblems(pointer, spec, answer),
    ]
    if (problems.length > 0) {
      const { method, path, status } = answer
      const body = answer.body.toString('utf8', 0, 500)
      throw new Error(`${method} ${path} answered ${status}:\n- ${problems.join('\n- ')}\n${body}`)
    }
  }

  /** What is wrong with the examples in the document, by the schemas that they are beside or within. */
  exampleProblems(): string[] {
    return [...examplesIn(this.document)].flatMap(({ pointer, schema, value }) =>
      this.#schemaProblems(schema, value).map((problem) => `${pointer.join(' / ')}: ${problem}`)
    )
  }

  /** The bodies, sent and answered, that the document shows no example of. */
  bodiesWithoutExample(): string[] {
    return this.operations().flatMap((name) => {
      const { requestBody, responses } = this.operation(name)
      const bodies = { request: requestBody, ...(responses as Node) }
      return Object.entries(bodies).flatMap(([body, spec]) => {
        const { content } = this.#resolve(spec) as ResponseSpec
        return Object.entries(content ?? {})
          .filter(([, media]) => !('example' in media) && !('examples' in media))
          .map(([type]) => `${name}: ${body} ${type}`)
      })
    })
  }

  #responseFor({ method, path, status }: WireAnswer): string[] {
    const template = this.#templateOf(path)
    const verb = method === 'HEAD' ? 'get' : method.toLowerCase()
    const operations = template === undefined ? {} : this.#at(['paths', template])
    const listed = ['paths', template ?? '', verb, 'responses', String(status)]
    const isListed = verb in operations && String(status) in this.#at(listed.slice(0, -1))
    const shared = isListed ? null : this.#sharedAnswer(status, path, operations, verb)
    return this.#follow(shared === null ? listed : ['components', 'responses', shared])
  }

  /** What any address may answer is not listed with each path. */
  #sharedAnswer(status: number, path: string, operations: Node, verb: string): string | null {
    const operation = operations[verb] as Node | undefined
    const takesNoBody = operation === undefined || !('requestBody' in operation)
    const mayComeWithBody = takesNoBody && verb !== 'get'
    switch (status) {
      case 400:
        return path.includes('%') || mayComeWithBody ? 'BadRequest' : null
      case 404:
        return Object.keys(operations).length === 0 ? 'NotFound' : null
      case 405:
        return operation === undefined ? 'MethodNotAllowed' : null
      case 413:
        return mayComeWithBody ? 'TooLarge' : null
      case 431:
        return 'HeadersTooLarge'
      default:
        return null
    }
  }

  /** The path itself, or the longest of the templates that fit: it says most. */
  #templateOf(path: string): string | undefined {
    const templates = Object.keys(this.document.paths).filter((one) => patternOf(one).test(path))
    const [longest] = templates.toSorted((one, other) => other.length - one.length)
    return templates.find((one) => one === path) ?? longest
  }

  #headerProblems(pointer: string[], spec: ResponseSpec, { headers }: WireAnswer): string[] {
    return Object.keys(spec.headers ?? {}).flatMap((name) => {
      const at = this.#follow([...pointer, 'headers', name])
      const { required }: { required?: boolean } = this.#at(at)
      const value = headers.get(name)
      if (value === null) {
        return required ? [`the header ${name} is missing`] : []
      }
      return this.#schemaProblems([...at, 'schema'], value).map((one) => `header ${name} ${one}`)
    })
  }

  #bodyProblems(pointer: string[], spec: ResponseSpec, answer: WireAnswer): string[] {
    const { method, headers, body } = answer
    if (spec.content === undefined || method === 'HEAD') {
      return body.length === 0 ? [] : ['it has a body']
    }
    const type = headers.get('content-type')?.split(';')[0] ?? 'no content type'
    const documented = Object.keys(spec.content).find(
      (range) => range === type || (range.endsWith('/*') && type.startsWith(range.slice(0, -1)))
    )
    if (documented === undefined) {
      return [`the content type ${type} is not documented`]
    }
    if (type !== 'application/json') {
      return []
    }
    const at = [...pointer, 'content', documented, 'schema']
    return this.#schemaProblems(at, JSON.parse(body.toString('utf8')))
  }

  #schemaProblems(pointer: string[], value: unknown): string[] {
    const reference = `openapi#/${pointer.map(escapePointer).join('/')}`
    const validate = this.#validators.get(reference) ?? this.#ajv.compile({ $ref: reference })
    this.#validators.set(reference, validate)
    return validate(value)
      ? []
      : (validate.errors ?? []).map(
          ({ instancePath, message, params }) =>
            `${instancePath || 'value'} ${message} ${JSON.stringify(params)}`
        )
  }

  /** The node itself, or the one that it refers to. */
  #resolve(node: unknown): Node {
    const { $ref } = (node ?? {}) as { $ref?: string }
    return $ref === undefined ? ((node ?? {}) as Node) : this.#at($ref.replace('#/', '').split('/'))
  }

  #follow(pointer: string[]): string[] {
    const { $ref }: { $ref?: string } = this.#at(pointer)
    return $ref === undefined ? pointer : $ref.replace('#/', '').split('/')
  }

  #at(pointer: string[]): Node {
    let node: unknown = this.document
    for (const name of pointer) {
      node = typeof node === 'object' && node !== null ? (node as Node)[name] : undefined
    }
    if (typeof node !== 'object' || node === null) {
      throw new Error(`The OpenAPI document has nothing at ${pointer.join(' / ')}`)
    }
    return node as Node
  }
}

interface Example {
  pointer: string[]
  schema: string[]
  value: unknown
}

/** Every example below a node, with the way to its schema. */
function* examplesIn(node: unknown, pointer: string[] = []): Generator<Example> {
  if (typeof node !== 'object' || node === null) {
    return
  }
  const schema = 'schema' in node ? [...pointer, 'schema'] : pointer
  if ('example' in node) {
    yield { pointer, schema, value: node.example }
  }
  if ('examples' in node && typeof node.examples === 'object') {
    for (const one of Object.values(node.examples ?? {})) {
      // Beside a schema each has a name and is wrapped; within one it is the value itself.
      const value: unknown = 'schema' in node ? (one as { value: unknown }).value : one
      yield { pointer, schema, value }
    }
  }
  for (const [name, value] of Object.entries(node)) {
    if (name !== 'example' && name !== 'examples') {
      yield* examplesIn(value, [...pointer, name])
    }
  }
}

/** A copy in which an object may have no more properties than are listed, unless it says so. */
function closeObjects(node: unknown): unknown {
  if (Array.isArray(node)) {
    return node.map(closeObjects)
  }
  if (typeof node !== 'object' || node === null) {
    return node
  }
  const copy = Object.fromEntries(
    Object.entries(node).map(([name, value]) => [name, closeObjects(value)])
  )
  const isOpen = 'properties' in copy && !('additionalProperties' in copy)
  return isOpen ? { ...copy, unevaluatedProperties: false } : copy
}

function patternOf(template: string): RegExp {
  const escaped = template.replace(/[.*+?^$()|[\]\\]/g, '\\$&')
  return new RegExp(`^${escaped.replace(/\{\w+\}/g, '[^/]+')}$`)
}

function escapePointer(name: string): string {
  return encodeURIComponent(name.replaceAll('~', '~0').replaceAll('/', '~1'))
}
