/** Failures after which it is known that nothing was written, and trying again is of no use. */
const LASTING = new Set([
  'access-denied',
  'invalid-argument',
  'invalid-transaction',
  'stream-deleted',
  'maximum-append-size-exceeded',
  'unsupported',
])

/** What the client says of a failure; empty for what is no failure of a command. */
export function failureType(error: unknown): string {
  return error instanceof Error && 'type' in error && typeof error.type === 'string'
    ? error.type
    : ''
}

/** Whether EventStoreDB could not be reached, went away in mid-call or was too slow. */
export function isPassing(error: unknown): boolean {
  return !LASTING.has(failureType(error))
}

/** The version that a stream has, when an append was refused because of it; else `null`. */
export function actualVersion(error: unknown): number | null {
  if (failureType(error) !== 'wrong-expected-version') {
    return null
  }
  const actual = error instanceof Error && 'actualVersion' in error ? error.actualVersion : null
  return typeof actual === 'bigint' ? Number(actual) + 1 : 0
}
