/** What a file is compared with: its strong entity tag, quotes included, and when it came to be. */
export interface FileIdentity {
  etag: string
  lastModified: Date
}

/** A part of a file, both ends inclusive. */
export interface ByteRange {
  start: number
  end: number
}

export type RangeDecision =
  | { kind: 'whole' }
  | { kind: 'part'; range: ByteRange }
  | { kind: 'parts'; ranges: ByteRange[] }
  | { kind: 'none' }

/** More ranges than a reader needs are answered with the whole file. */
const MOST_RANGES = 16

/** Headers as Node gives them. */
export interface ConditionHeaders {
  ifNoneMatch: string | undefined
  ifModifiedSince: string | undefined
  ifRange: string | undefined
  range: string | undefined
}

/**
 * Whether the client's copy is still good (RFC 9110, 13.2.2): `If-None-Match` decides when it is given,
 * `If-Modified-Since` only without it.
 */
export function isNotModified(headers: ConditionHeaders, file: FileIdentity): boolean {
  if (headers.ifNoneMatch !== undefined) {
    return listsTag(headers.ifNoneMatch, file.etag)
  }
  const since = parseHttpDate(headers.ifModifiedSince)
  return since !== null && wholeSeconds(file.lastModified) <= since
}

/**
 * Which parts of a file of `size` bytes to send (RFC 9110, 14.1.2 and 14.2). What is malformed, or asks for very many
 * parts, or for more than the file holds by overlapping, is answered with the whole file; ranges that all lie beyond the
 * end with 416.
 */
export function decideRange(
  headers: ConditionHeaders,
  file: FileIdentity,
  size: number
): RangeDecision {
  if (headers.range === undefined || !rangeStillApplies(headers.ifRange, file)) {
    return { kind: 'whole' }
  }
  const [, list] = /^bytes=(.{1,600})$/i.exec(headers.range.trim()) ?? []
  const asked = list?.split(',').map((one) => parseRange(one.trim(), size)) ?? ['malformed']
  if (asked.length > MOST_RANGES || asked.includes('malformed')) {
    return { kind: 'whole' }
  }
  const ranges = asked.filter((range) => typeof range === 'object')
  const [first] = ranges
  if (first === undefined) {
    return { kind: 'none' }
  }
  if (ranges.length === 1) {
    return { kind: 'part', range: first }
  }
  const total = ranges.reduce((sum, { start, end }) => sum + end - start + 1, 0)
  return total > size ? { kind: 'whole' } : { kind: 'parts', ranges }
}

function parseRange(text: string, size: number): ByteRange | 'malformed' | 'beyond' {
  const [, first, last] = /^(\d{0,15})-(\d{0,15})$/.exec(text) ?? []
  if (first === undefined || last === undefined || (first === '' && last === '')) {
    return 'malformed'
  }
  if (first === '') {
    return partOf(size - Math.min(Number(last), size), size - 1, size)
  }
  if (last !== '' && Number(last) < Number(first)) {
    return 'malformed'
  }
  return partOf(Number(first), last === '' ? size - 1 : Number(last), size)
}

function partOf(start: number, end: number, size: number): ByteRange | 'beyond' {
  return start >= size ? 'beyond' : { start, end: Math.min(end, size - 1) }
}

function rangeStillApplies(ifRange: string | undefined, file: FileIdentity): boolean {
  if (ifRange === undefined) {
    return true
  }
  if (ifRange.startsWith('"') || ifRange.startsWith('W/')) {
    return ifRange === file.etag
  }
  return parseHttpDate(ifRange) === wholeSeconds(file.lastModified)
}

/** Weak comparison: a `W/` prefix is of no matter for `If-None-Match`. */
function listsTag(header: string, etag: string): boolean {
  if (header.trim() === '*') {
    return true
  }
  return header.split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag)
}

const HTTP_DATE = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/

function parseHttpDate(text: string | undefined): number | null {
  if (text === undefined || !HTTP_DATE.test(text)) {
    return null
  }
  const milliseconds = Date.parse(text)
  return Number.isNaN(milliseconds) ? null : milliseconds
}

function wholeSeconds(date: Date): number {
  return Math.floor(date.getTime() / 1000) * 1000
}
