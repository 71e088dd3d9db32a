import type { OpenapiDocument } from '#http/openapi_document'

export type Schema = Record<string, unknown>

export interface ParameterSpec {
  name: string
  in: string
  required: boolean
  schema: Schema
}

export interface BodySpec {
  /** `application/json` or `multipart/form-data`. */
  type: string
  schema: Schema
  example: unknown
}

/** An operation of the document with all references replaced by what they stand for. */
export interface OperationSpec {
  /** Such as `POST /api/v1/images`. */
  name: string
  method: string
  template: string
  parameters: ParameterSpec[]
  body: BodySpec | null
  /** The ways to be let in, each a scheme with its scopes; `{}` is a visitor. */
  security: Array<Record<string, string[]>>
  /** The codes that it answers. */
  statuses: string[]
}

const METHODS = ['get', 'put', 'post', 'patch', 'delete']

export function operationsOf(document: OpenapiDocument): OperationSpec[] {
  return Object.entries(document.paths).flatMap(([template, item]) =>
    METHODS.filter((method) => method in item).map((method) => {
      const operation = record(resolve(document, item[method]))
      const shared = list(resolve(document, item['parameters']))
      return {
        name: `${method.toUpperCase()} ${template}`,
        method: method.toUpperCase(),
        template,
        parameters: [...shared, ...list(operation['parameters'])].map(parameterOf),
        body: bodyOf(operation['requestBody']),
        security: list(operation['security']).map(schemesOf),
        statuses: Object.keys(record(operation['responses'])),
      }
    })
  )
}

export function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {}
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : []
}

function parameterOf(value: unknown): ParameterSpec {
  const { name, in: place, required, schema } = record(value)
  return {
    name: String(name),
    in: String(place),
    required: required === true,
    schema: record(schema),
  }
}

function bodyOf(value: unknown): BodySpec | null {
  const [first] = Object.entries(record(record(value)['content']))
  if (first === undefined) {
    return null
  }
  const [type, media] = first
  const { schema, example } = record(media)
  return { type, schema: record(schema), example }
}

function schemesOf(value: unknown): Record<string, string[]> {
  return Object.fromEntries(
    Object.entries(record(value)).map(([scheme, scopes]) => [scheme, list(scopes).map(String)])
  )
}

/** A copy with each `$ref` replaced; what stands beside a `$ref` is added to it. */
function resolve(document: OpenapiDocument, node: unknown, within: string[] = []): unknown {
  if (Array.isArray(node)) {
    return node.map((entry) => resolve(document, entry, within))
  }
  if (typeof node !== 'object' || node === null) {
    return node
  }
  const { $ref, ...beside } = record(node)
  const own = Object.fromEntries(
    Object.entries(beside).map(([name, value]) => [name, resolve(document, value, within)])
  )
  if (typeof $ref !== 'string') {
    return own
  }
  if (within.includes($ref)) {
    throw new Error(`${$ref} refers to itself`)
  }
  const target = $ref
    .replace('#/', '')
    .split('/')
    .reduce<unknown>((found, name) => record(found)[name], document)
  return { ...record(resolve(document, target, [...within, $ref])), ...own }
}
