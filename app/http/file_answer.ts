import type { Readable } from 'node:stream'
import type { HttpContext } from '@adonisjs/core/http'
import { failure } from './envelope.ts'
import {
  decideRange,
  isNotModified,
  type ByteRange,
  type ConditionHeaders,
  type FileIdentity,
} from './file_conditions.ts'

/** A stored file, and how it is to be served. */
export interface ServedFile extends FileIdentity {
  size: number
  mimetype: string
  cacheControl: string
  /** Opens the file, or a part of it. */
  open(range: ByteRange | null): Promise<Readable>
}

const YEAR_SECONDS = 365 * 24 * 60 * 60

/** An SVG opened by itself is a document of this site: it gets no scripts, nothing from elsewhere, and no origin. */
const SVG_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"

/** Public files may be kept for good, but no longer than they live; private ones not at all. */
export function cacheControlFor(
  { isPublic, expiresAt }: { isPublic: boolean; expiresAt: string | null },
  now = Date.now()
): string {
  if (!isPublic) {
    return 'private, no-store'
  }
  const secondsLeft = expiresAt === null ? YEAR_SECONDS : (Date.parse(expiresAt) - now) / 1000
  return `public, max-age=${Math.max(0, Math.floor(Math.min(YEAR_SECONDS, secondsLeft)))}, immutable`
}

/** Answers with a file: conditions and one range are respected, the bytes flow as the client takes them. */
export async function answerFile(ctx: HttpContext, file: ServedFile): Promise<void> {
  const { request, response } = ctx
  const conditions = conditionsOf(ctx)
  response.header('ETag', file.etag)
  response.header('Last-Modified', file.lastModified.toUTCString())
  response.header('Cache-Control', file.cacheControl)
  response.header('X-Content-Type-Options', 'nosniff')
  response.header('Accept-Ranges', 'bytes')
  if (isNotModified(conditions, file)) {
    response.status(304)
    return
  }
  const decision = decideRange(conditions, file, file.size)
  if (decision.kind === 'none') {
    response.header('Cache-Control', 'no-store')
    response.header('Content-Range', `bytes */${file.size}`)
    response.status(416).send(failure('The range lies beyond the end of the file', {}))
    return
  }
  const range = decision.kind === 'part' ? decision.range : null
  const stream = request.method() === 'HEAD' ? null : await file.open(range)
  response.header('Content-Type', file.mimetype)
  if (file.mimetype === 'image/svg+xml') {
    response.header('Content-Security-Policy', SVG_POLICY)
  }
  if (range === null) {
    response.header('Content-Length', file.size).status(200)
  } else {
    response.header('Content-Range', `bytes ${range.start}-${range.end}/${file.size}`)
    response.header('Content-Length', range.end - range.start + 1).status(206)
  }
  if (stream !== null) {
    response.stream(stream)
  }
}

/** A range is for GET only (RFC 9110, 14.2). */
function conditionsOf({ request }: HttpContext): ConditionHeaders {
  const isGet = request.method() === 'GET'
  return {
    ifNoneMatch: request.header('if-none-match'),
    ifModifiedSince: request.header('if-modified-since'),
    ifRange: request.header('if-range'),
    range: isGet ? request.header('range') : undefined,
  }
}
