import type { HttpContext } from '@adonisjs/core/http'
import { InvalidFieldsError } from './errors.ts'

/** Nothing that the API takes is half as deep; what walks the values may be recursive. */
const DEEPEST = 32

/**
 * The fields of a JSON body; none when there is no body. Names that reach a prototype are dropped.
 *
 * @throws InvalidFieldsError for what is not a JSON object, or a very deep one
 */
export function parseJsonObject(text: string): Record<string, unknown> {
  if (text === '') {
    return {}
  }
  if (isDeeperThan(DEEPEST, text)) {
    throw new InvalidFieldsError({ body: [`The body is nested more than ${DEEPEST} levels deep`] })
  }
  const parsed = parse(text)
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new InvalidFieldsError({ body: ['The body must be a JSON object'] })
  }
  return { ...parsed }
}

/**
 * The fields that a request came with, for a route that reads JSON.
 *
 * @throws InvalidFieldsError for a body of another type: that nothing of it was read must not pass in silence
 */
export function jsonBody({ request }: HttpContext): Record<string, unknown> {
  const { 'content-length': length, 'transfer-encoding': encoding } = request.headers()
  const hasBody = encoding !== undefined || Number(length ?? 0) > 0
  if (hasBody && request.is(['application/json']) === null) {
    throw new InvalidFieldsError({ body: ['The body must be of the type application/json'] })
  }
  return request.body()
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text, (name, value: unknown) => (name === '__proto__' ? undefined : value))
  } catch {
    throw new InvalidFieldsError({ body: ['The body is malformed: it must be a JSON object'] })
  }
}

/** Counts brackets outside of texts, so that a deep body is refused before anything descends into it. */
function isDeeperThan(most: number, text: string): boolean {
  let depth = 0
  let isText = false
  for (let at = 0; at < text.length; at++) {
    const character = text[at]
    if (character === '"') {
      isText = !isText
    } else if (isText) {
      at += character === '\\' ? 1 : 0
    } else if (character === '[' || character === '{') {
      depth++
      if (depth > most) {
        return true
      }
    } else if (character === ']' || character === '}') {
      depth--
    }
  }
  return false
}
