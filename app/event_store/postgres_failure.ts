/** SQLSTATE classes and codes after which the same statement may be sent again on a new connection. */
const PASSING_CLASSES = ['08', '53', '57P', '40001', '40P01', '25006', '58']

const NETWORK_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EAI_AGAIN',
  'ENOENT',
])

const DRIVER_MESSAGES =
  /Connection terminated|Client has encountered a connection error|Query read timeout|timeout expired|timeout exceeded when trying to connect|Timeout acquiring a connection|not queryable|Client was closed/

/**
 * Whether an error says that PostgreSQL could not be reached, went away in mid-call or is short of a resource,
 * rather than that the statement is wrong. Codes: PostgreSQL's manual, appendix A.
 */
export function isPassingFailure(error: unknown): boolean {
  if (!(error instanceof Error)) {
    return false
  }
  const code = 'code' in error && typeof error.code === 'string' ? error.code : null
  if (code !== null) {
    return NETWORK_CODES.has(code) || PASSING_CLASSES.some((prefix) => code.startsWith(prefix))
  }
  return DRIVER_MESSAGES.test(error.message)
}

/** A PostgreSQL error's SQLSTATE; empty for any other error. */
export function sqlState(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string'
    ? error.code
    : ''
}
