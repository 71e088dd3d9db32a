import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { record, type Schema } from '#tests/helpers/openapi_operations'

/** A value to be sent for a field, and whether the document has it as one that must be refused. */
export interface Candidate {
  what: string
  value: unknown
  isRefused: boolean
}

/** Takes the place of a number that JSON can say and JavaScript cannot. */
export const BEYOND_NUMBERS = '<1e999>'

const PROTOTYPE = 'an object with a name of a prototype'

const ODD_TEXTS: Record<string, string> = {
  'empty text': '',
  'a blank': ' ',
  'a word': 'x',
  'a NUL byte': 'a\u0000b',
  'a lone surrogate': 'a\ud800b',
  'emoji and directions': '👩‍👩‍👧‍👦\u202Egnp.\uFEFF',
  'line breaks': 'a\r\nSet-Cookie: x=1',
  'a quote and a comment': `'";--/*`,
  'a name of a prototype': '__proto__',
  'a path upwards': '../../etc/passwd',
  'a placeholder': '${7*7}{{7*7}}%s%n',
  'ten thousand letters': 'x'.repeat(10_000),
  'a thousand characters of four bytes': '𝕏'.repeat(1_000),
}

const ODD_NUMBERS: Record<string, number> = {
  'zero': 0,
  'a negative number': -1,
  'a fraction': 1.5,
  'one above 2^53': 2 ** 53 + 2,
  'one above 2^63': 2 ** 64,
  'a huge number': 1e308,
}

const ODD_SHAPES: Record<string, unknown> = {
  'null': null,
  'true': true,
  'an array': [],
  'an array of an array': [[]],
  'an array of null': [null],
  'an object': {},
  [PROTOTYPE]: { constructor: { prototype: 1 } },
  'a number beyond numbers': BEYOND_NUMBERS,
}

const exact = new Ajv2020({ strict: false, validateSchema: false })
const coercing = new Ajv2020({ strict: false, validateSchema: false, coerceTypes: true })
for (const ajv of [exact, coercing]) {
  addFormats.default(ajv)
}

/** What to send in JSON for a field of this schema. */
export function jsonCandidates(schema: Schema): Candidate[] {
  const values = { ...ODD_TEXTS, ...ODD_NUMBERS, ...ODD_SHAPES, ...atTheBounds(schema) }
  const isValid = exact.compile(schema)
  return Object.entries(values).map(([what, value]) => ({
    what,
    value,
    // Names of prototypes are dropped.
    isRefused: what !== PROTOTYPE && !isValid(value === BEYOND_NUMBERS ? Infinity : value),
  }))
}

/** What to send for it where all values are text: in a query, a form, a header. Empty text is as good as nothing. */
export function textCandidates(schema: Schema): Array<Candidate & { value: string }> {
  const numbers = Object.entries({ ...ODD_NUMBERS, ...atTheBounds(schema) }).filter(
    ([, value]) => typeof value === 'number' || typeof value === 'string'
  )
  const isValid = coercing.compile({ type: 'object', properties: { it: schema } })
  return [...Object.entries(ODD_TEXTS), ...numbers]
    .map(([what, value]) => ({ what, value: String(value) }))
    .filter(({ value }) => value !== '' && value.isWellFormed())
    .map((candidate) => ({ ...candidate, isRefused: !isValid({ it: candidate.value }) }))
}

/** Values just over what the schema allows. */
function atTheBounds(schema: Schema): Record<string, unknown> {
  const { minimum, maximum, minLength, maxLength, minItems, maxItems } = record(schema)
  const item = record(schema['items'])
  const beyond: Record<string, unknown> = {}
  if (typeof minimum === 'number') {
    beyond['one under the least'] = minimum - 1
  }
  if (typeof maximum === 'number') {
    beyond['one over the most'] = maximum + 1
  }
  if (typeof minLength === 'number' && minLength > 0) {
    beyond['a letter too few'] = 'x'.repeat(minLength - 1)
  }
  if (typeof maxLength === 'number') {
    beyond['a letter too many'] = 'x'.repeat(maxLength + 1)
    beyond['as long as may be'] = 'x'.repeat(maxLength)
  }
  if (typeof minItems === 'number' && minItems > 0) {
    beyond['an item too few'] = []
  }
  if (typeof maxItems === 'number') {
    const items = Array.from({ length: maxItems + 1 }, (_, index) =>
      item['type'] === 'integer' ? index + 1 : `a${String(index).padStart(6, '0')}`
    )
    beyond['an item too many'] = items
  }
  return beyond
}
