import type { Json } from '#domain/event_definition'
import { encodeTextArray } from '#event_store/text_array'
import type { ColumnType } from './projection.ts'

/** The type of a column without its `not null`. */
export function typeOf(declared: string): ColumnType {
  return declared.replace(/ not null$/, '') as ColumnType
}

/** A column's value as the fold sees it: numbers for integers, RFC 3339 for times. */
export function readValue(type: ColumnType, value: unknown): Json {
  if (value === null || value === undefined) {
    return null
  }
  switch (type) {
    case 'bigint':
      return Number(value)
    case 'bigint[]':
      return (value as string[]).map(Number)
    case 'timestamptz(3)':
      return (value as Date).toISOString()
    default:
      return value as Json
  }
}

/** A type whose values need no quotes in an array literal. */
function isPlain(type: ColumnType): boolean {
  return type === 'bigint' || type === 'integer' || type === 'smallint' || type === 'boolean'
}

/** The type of array that `encodeColumn` makes of a column's values; its elements are then cast to the column's type. */
export function arrayType(type: ColumnType): string {
  return isPlain(type) ? `${type}[]` : 'text[]'
}

/**
 * A column's values of many rows as one array parameter: a literal for plain values, binary text for all others, which
 * spares both sides the escaping. Whether a value fits its column is for PostgreSQL to say.
 */
export function encodeColumn(type: ColumnType, values: readonly Json[]): string | Buffer {
  return isPlain(type)
    ? `{${values.map((value) => (value === null ? 'NULL' : String(value))).join(',')}}`
    : encodeTextArray(values.map((value) => textOf(type, value)))
}

function textOf(type: ColumnType, value: Json): string | null {
  if (value === null) {
    return null
  }
  switch (type) {
    case 'jsonb':
      return JSON.stringify(value)
    case 'text[]':
    case 'bigint[]':
      return arrayLiteral(value)
    default:
      return String(value)
  }
}

function arrayLiteral(value: Json): string {
  const items = Array.isArray(value) ? value : [value]
  return `{${items.map((item) => `"${String(item).replace(/["\\]/g, '\\$&')}"`).join(',')}}`
}
