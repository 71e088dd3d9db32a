import { InvalidFieldsError } from './errors.ts'

/** Where the next page of a list starts: the values that the last shown item is ordered by. */
export function encodeCursor(...values: ReadonlyArray<string | number>): string {
  return Buffer.from(JSON.stringify(values)).toString('base64url')
}

/**
 * The values of a cursor, as text, when each is of its form; `undefined` when none was given.
 *
 * @throws InvalidFieldsError when it is not one that a list has answered
 */
export function decodeCursor(
  text: string | undefined,
  forms: readonly RegExp[]
): string[] | undefined {
  if (text === undefined) {
    return undefined
  }
  const values = parse(Buffer.from(text, 'base64url').toString())
  if (values?.length !== forms.length || !forms.every((form, at) => form.test(values[at] ?? ''))) {
    throw new InvalidFieldsError({ cursor: ['The cursor is not one that a list has answered'] })
  }
  return values
}

function parse(json: string): string[] | null {
  try {
    const values: unknown = JSON.parse(json)
    return Array.isArray(values) ? values.map(String) : null
  } catch {
    return null
  }
}
