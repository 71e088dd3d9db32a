const BEARER = /^Bearer +([^\s]+) *$/i
const LONGEST_TOKEN = 4096

/** The credential in an `Authorization` header, or `null` when there is none of the Bearer kind. */
export function readBearer(header: string | undefined): string | null {
  if (header === undefined || header.length > LONGEST_TOKEN) {
    return null
  }
  return BEARER.exec(header)?.[1] ?? null
}
