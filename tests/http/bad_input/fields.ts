import { record, type BodySpec, type Schema } from '#tests/helpers/openapi_operations'
import { BEYOND_NUMBERS, jsonCandidates, type Candidate } from './bad_values.ts'

/** Where a value stands in a body: names of fields, and `0` in an array. */
type Place = Array<string | number>

/** A body with one field at fault. */
export interface BadBody extends Candidate {
  /** The field as an answer names it, such as `settings.default_album`. */
  field: string
  text: string
}

/** The document's example of the body, once with each field's every odd value. */
export function badBodies({ schema, example }: BodySpec): BadBody[] {
  return placesIn(schema).flatMap(({ place, schema: fieldSchema, isOptional }) =>
    jsonCandidates(fieldSchema).map((candidate) => ({
      ...candidate,
      // `null` is as good as leaving the field out.
      isRefused: candidate.isRefused && !(isOptional && candidate.value === null),
      field: place.join('.'),
      text: toJson(withValue(example, place, candidate.value)),
    }))
  )
}

/** The example without one of the fields that must be there. */
export function incompleteBodies({ schema, example }: BodySpec): BadBody[] {
  return requiredOf(schema).map((field) => {
    const others = Object.entries(record(example)).filter(([name]) => name !== field)
    const text = toJson(Object.fromEntries(others))
    return { what: 'nothing', value: undefined, isRefused: true, field, text }
  })
}

export interface OddBody {
  what: string
  text: string
  /** Whether what is odd about it must make no difference. */
  isIgnored: boolean
}

/** The example with names that no field has, and with each field twice. */
export function oddBodies({ schema, example }: BodySpec): OddBody[] {
  const inner = toJson(record(example)).slice(1, -1)
  const comma = inner === '' ? '' : ','
  const twice = Object.keys(record(schema['properties'])).map((field) => ({
    what: `${field} twice`,
    text: `{${JSON.stringify(field)}:{"a":[]}${comma}${inner}}`,
    isIgnored: false,
  }))
  return [
    {
      what: 'unknown fields',
      text: `{"no_such_field":{"a":[1,null]},"id ":7${comma}${inner}}`,
      isIgnored: true,
    },
    {
      what: 'names of prototypes',
      text: `{"__proto__":{"role":"admin"},"constructor":{"prototype":{"id":1}},"toString":1${comma}${inner}}`,
      isIgnored: true,
    },
    ...twice,
  ]
}

/** Bodies that are no JSON object. */
export const NO_OBJECTS = [
  { what: 'cut off', text: '{"name": "x' },
  { what: 'two objects', text: '{}{}' },
  { what: 'an array', text: '[{"name":"x"}]' },
  { what: 'null', text: 'null' },
  { what: 'a string', text: '"text"' },
  { what: 'a number', text: '7' },
  { what: 'a NUL byte', text: '\u0000' },
  { what: 'an escape that is none', text: '{"name":"\\x"}' },
  { what: 'arrays that never end', text: '['.repeat(100_000) },
  { what: 'objects that never end', text: '{"a":'.repeat(40_000) },
  { what: 'a deep array', text: nested(100_000) },
]

/** The example with each of its fields very deep, and one that is unknown. */
export function deepBodies({ schema, example }: BodySpec): Array<{ what: string; text: string }> {
  return [...Object.keys(record(schema['properties'])), 'no_such_field'].map((field) => ({
    what: `a deep ${field}`,
    text: toJson({ ...record(example), [field]: '<deep>' }).replace('"<deep>"', nested(100_000)),
  }))
}

function requiredOf(schema: Schema): string[] {
  return Array.isArray(schema['required']) ? schema['required'].map(String) : []
}

function nested(depth: number): string {
  return '['.repeat(depth) + ']'.repeat(depth)
}

function placesIn(
  schema: Schema,
  at: Place = [],
  isOptional = false
): Array<{ place: Place; schema: Schema; isOptional: boolean }> {
  const own = at.length === 0 ? [] : [{ place: at, schema, isOptional }]
  const required = requiredOf(schema)
  const fields = Object.entries(record(schema['properties'])).flatMap(([name, field]) =>
    placesIn(record(field), [...at, name], !required.includes(name))
  )
  const items = 'items' in schema ? placesIn(record(schema['items']), [...at, 0]) : []
  return [...own, ...fields, ...items]
}

/** A copy of the example with the value at a place; what leads there is made where it is missing. */
function withValue(example: unknown, [name, ...rest]: Place, value: unknown): unknown {
  if (name === undefined) {
    return value
  }
  if (typeof name === 'number') {
    return [withValue(undefined, rest, value)]
  }
  return { ...record(example), [name]: withValue(record(example)[name], rest, value) }
}

function toJson(value: unknown): string {
  return JSON.stringify(value).replaceAll(JSON.stringify(BEYOND_NUMBERS), '1e999')
}
