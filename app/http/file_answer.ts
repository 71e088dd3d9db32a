import { randomUUID } from 'node:crypto'
import type { OutgoingHttpHeaders } from 'node:http'
import { Readable } from 'node:stream'
import type { HttpContext } from '@adonisjs/core/http'
import { create as contentDisposition } from 'content-disposition'
import { failure } from './envelope.ts'
import {
  decideRange,
  isNotModified,
  type ByteRange,
  type ConditionHeaders,
  type FileIdentity,
} from './file_conditions.ts'

/** What counts as a view of a file, where views are counted. */
export interface ViewRule {
  /** Whether the file is sent whole or not at all. */
  wholeOnly: boolean
  /** Counts what is about to be sent; throws when no more views are left. */
  count(range: ByteRange | null): Promise<void>
}

/** A stored file, and how it is to be served. */
export interface ServedFile extends FileIdentity {
  size: number
  mimetype: string
  cacheControl: string
  /** The name that it is saved under, when it is to be saved rather than shown. */
  downloadName?: string
  /** The request headers that it depends on. */
  varies?: string
  /** Tells a proxy in front where the file lies, for it to send; parts are sent from here. */
  proxied?: { header: string; value: string } | null
  views?: ViewRule | null
  /** Told of an answer that holds the whole file in memory, or nothing but where it lies: it may be given again. */
  repeatable?: (headers: OutgoingHttpHeaders, bytes: Buffer) => void
  /** Opens the file, or a part of it. */
  open(range: ByteRange | null): Promise<Readable | Buffer>
}

type Response = HttpContext['response']

const YEAR_SECONDS = 365 * 24 * 60 * 60

/** An SVG opened by itself is a document of this site: it gets no scripts, nothing from elsewhere, and no origin. */
const SVG_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"

/**
 * Public files may be kept for good, or for so many seconds, but no longer than they live; private ones not at all.
 */
export function cacheControlFor(
  { isPublic, expiresAt }: { isPublic: boolean; expiresAt: string | null },
  seconds: number | null = null,
  now = Date.now()
): string {
  if (!isPublic) {
    return 'private, no-store'
  }
  const secondsLeft =
    expiresAt === null ? Number.POSITIVE_INFINITY : (Date.parse(expiresAt) - now) / 1000
  const kept = Math.max(0, Math.floor(Math.min(seconds ?? YEAR_SECONDS, secondsLeft)))
  return `public, max-age=${kept}${seconds === null ? ', immutable' : ''}`
}

/**
 * Answers with a file: conditions and ranges are respected, and the bytes flow as the client takes them. Where a proxy
 * in front can send the file itself, it is told where the file lies.
 */
export async function answerFile(ctx: HttpContext, file: ServedFile): Promise<void> {
  const { request, response } = ctx
  const isHead = request.method() === 'HEAD'
  const wholeOnly = file.views?.wholeOnly ?? false
  const conditions = conditionsOf(ctx, { ranges: !isHead && !wholeOnly })
  response.header('ETag', file.etag)
  response.header('Last-Modified', file.lastModified.toUTCString())
  response.header('Cache-Control', file.cacheControl)
  response.header('X-Content-Type-Options', 'nosniff')
  if (file.varies !== undefined) {
    response.header('Vary', file.varies)
  }
  if (isNotModified(conditions, file)) {
    response.status(304)
    return
  }
  describeContent(response, file)
  if (file.proxied !== undefined && file.proxied !== null && conditions.range === undefined) {
    if (!isHead) {
      await file.views?.count(null)
    }
    response.header(file.proxied.header, file.proxied.value)
    response.header('Content-Type', file.mimetype)
    response.header('Content-Length', 0).status(200).send('')
    tellRepeatable(response, file, isHead ? null : Buffer.alloc(0))
    return
  }
  response.header('Accept-Ranges', wholeOnly ? 'none' : 'bytes')
  const decision = decideRange(conditions, file, file.size)
  if (decision.kind === 'none') {
    response.header('Cache-Control', 'no-store')
    response.header('Content-Range', `bytes */${file.size}`)
    response.status(416).send(failure('The range lies beyond the end of the file', {}))
    return
  }
  switch (decision.kind) {
    case 'whole': {
      const content = isHead ? null : await openCounted(file, null)
      response.header('Content-Type', file.mimetype)
      response.header('Content-Length', file.size).status(200)
      tellRepeatable(response, file, content)
      return send(response, content)
    }
    case 'part': {
      const { range } = decision
      const content = isHead ? null : await openCounted(file, range)
      response.header('Content-Type', file.mimetype)
      response.header('Content-Range', contentRange(range, file.size))
      response.header('Content-Length', range.end - range.start + 1).status(206)
      return send(response, content)
    }
    case 'parts': {
      for (const range of decision.ranges) {
        await file.views?.count(range)
      }
      const { type, length, content } = byteRanges(file, decision.ranges)
      response.header('Content-Type', type)
      response.header('Content-Length', length).status(206)
      return send(response, Readable.from(content()))
    }
  }
}

/** The id of the request is no part of an answer that is given again. */
function tellRepeatable(response: Response, file: ServedFile, content: Readable | Buffer | null) {
  if (file.repeatable !== undefined && Buffer.isBuffer(content)) {
    const headers = { ...response.getHeaders() }
    delete headers['x-request-id']
    file.repeatable(headers, content)
  }
}

/** A view is counted once there is something to see. */
async function openCounted(file: ServedFile, range: ByteRange | null): Promise<Readable | Buffer> {
  const content = await file.open(range)
  try {
    await file.views?.count(range)
  } catch (error) {
    if (content instanceof Readable) {
      content.destroy()
    }
    throw error
  }
  return content
}

/** What a client may do with the content, whole or in part. */
function describeContent(response: Response, file: ServedFile): void {
  if (file.mimetype === 'image/svg+xml') {
    response.header('Content-Security-Policy', SVG_POLICY)
  }
  if (file.downloadName !== undefined) {
    response.header('Content-Disposition', contentDisposition(file.downloadName))
  }
}

function send(response: Response, content: Readable | Buffer | null): void {
  if (content instanceof Readable) {
    response.stream(content)
  } else if (content !== null) {
    response.send(content)
  }
}

function contentRange({ start, end }: ByteRange, size: number): string {
  return `bytes ${start}-${end}/${size}`
}

/** Several ranges in one answer (RFC 9110, 14.6). */
function byteRanges(file: ServedFile, ranges: readonly ByteRange[]) {
  const boundary = randomUUID()
  const heads = ranges.map((range) =>
    Buffer.from(
      `\r\n--${boundary}\r\nContent-Type: ${file.mimetype}\r\n` +
        `Content-Range: ${contentRange(range, file.size)}\r\n\r\n`
    )
  )
  const end = Buffer.from(`\r\n--${boundary}--\r\n`)
  const inHeads = heads.reduce((sum, head) => sum + head.length, 0)
  const inRanges = ranges.reduce((sum, range) => sum + range.end - range.start + 1, 0)
  return {
    type: `multipart/byteranges; boundary=${boundary}`,
    length: inHeads + inRanges + end.length,
    async *content(): AsyncIterable<Buffer> {
      for (const [index, range] of ranges.entries()) {
        yield heads[index] ?? Buffer.alloc(0)
        const part = await file.open(range)
        if (part instanceof Readable) {
          yield* part as AsyncIterable<Buffer>
        } else {
          yield part
        }
      }
      yield end
    },
  }
}

/** A range is for GET only (RFC 9110, 14.2), and a server may take no notice of it. */
function conditionsOf({ request }: HttpContext, { ranges }: { ranges: boolean }): ConditionHeaders {
  return {
    ifNoneMatch: request.header('if-none-match'),
    ifModifiedSince: request.header('if-modified-since'),
    ifRange: request.header('if-range'),
    range: ranges ? request.header('range') : undefined,
  }
}
