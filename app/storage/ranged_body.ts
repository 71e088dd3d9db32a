import { Readable } from 'node:stream'
import type { IncomingMessage } from 'node:http'
import type { ByteRange } from './object_store.ts'

/** The part of a body that was asked for, also where the server has sent more: some do not know ranges well. */
export function rangedBody(response: IncomingMessage, range: ByteRange | undefined): Readable {
  if (range === undefined) {
    return response
  }
  const [, start = '0', end = ''] =
    /^bytes (\d+)-(\d+)/.exec(response.headers['content-range'] ?? '') ?? []
  const isExact = Number(start) === range.start && Number(end) === range.end
  return response.statusCode === 206 && isExact
    ? response
    : Readable.from(
        cut(response, { start: range.start - Number(start), end: range.end - Number(start) }),
        { objectMode: false }
      )
}

async function* cut(body: AsyncIterable<Buffer>, { start, end }: ByteRange) {
  let position = 0
  for await (const chunk of body) {
    const from = Math.max(0, start - position)
    const to = Math.min(chunk.length, end + 1 - position)
    position += chunk.length
    if (from < to) {
      yield chunk.subarray(from, to)
    }
    if (position > end) {
      return
    }
  }
}
