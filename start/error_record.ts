/** What a log says of an error. */
export interface ErrorRecord {
  type: string
  message: string
  code?: string
  /** Where in the database it happened. */
  table?: string
  column?: string
  constraint?: string
  stack?: string
  cause?: ErrorRecord
}

const DEEPEST = 3

/** SQLSTATE classes whose messages quote the value at fault: data exceptions and violated constraints. */
const QUOTES_VALUES = /^(?:22|23)[0-9A-Z]{3}$/

const CUT_OUT = '[cut out]'

/** What may stand in a message of somebody else's and is nobody's business. */
const SECRETS: readonly [RegExp, string][] = [
  [/\bimg_[\w-]{8,}/g, CUT_OUT],
  [/\beyJ[\w-]+\.[\w-]+\.[\w-]*/g, CUT_OUT],
  [/\b(Bearer|Basic) [\w.~+/=-]+/gi, `$1 ${CUT_OUT}`],
  [/\/\/[^/\s@]+@/g, `//${CUT_OUT}@`],
  [/[^\s<>"'(),;:=]+@[\w-]+(?:\.[\w-]+)+/g, CUT_OUT],
]

/**
 * An error as logs may have it: what it is and where, and none of the values that were at work. Other properties of an
 * error are left out: databases put whole rows there, Redis its commands.
 */
export function errorRecord(error: unknown, depth = 1): ErrorRecord {
  if (!(error instanceof Error)) {
    return { type: typeof error, message: scrub(String(error)) }
  }
  const code = textOf(error, 'code')
  const details = Object.fromEntries(
    ['table', 'column', 'constraint'].flatMap((name) => {
      const value = textOf(error, name)
      return value === undefined ? [] : [[name, value]]
    })
  )
  return {
    type: error.name,
    message: QUOTES_VALUES.test(code ?? '') ? 'A value did not fit' : scrub(error.message),
    ...(code === undefined ? {} : { code }),
    ...details,
    stack: framesOf(error.stack),
    ...(error.cause === undefined || depth === DEEPEST
      ? {}
      : { cause: errorRecord(error.cause, depth + 1) }),
  }
}

/** The way to it. The lines above repeat the message. */
function framesOf(stack = ''): string {
  return stack
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
    .map((line) => line.trim())
    .join('\n')
}

function textOf(error: Error, name: string): string | undefined {
  const value: unknown = Reflect.get(error, name)
  return typeof value === 'string' ? value : undefined
}

function scrub(text: string): string {
  return SECRETS.reduce((cleaned, [pattern, by]) => cleaned.replace(pattern, by), text)
}
