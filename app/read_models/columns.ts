/** PostgreSQL's driver gives a bigint as text; ours all fit a number. */
export type BigintColumn = string | number

export function optionalNumber(value: BigintColumn | null): number | null {
  return value === null ? null : Number(value)
}

export function optionalMoment(value: Date | null): string | null {
  return value === null ? null : value.toISOString()
}

/** A pattern for `ilike` that finds the text anywhere, whatever is in it. */
export function containsPattern(text: string): string {
  return `%${text.replace(/[\\%_]/g, '\\$&')}%`
}
