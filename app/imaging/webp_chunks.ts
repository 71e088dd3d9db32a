import type { ByteReader } from './byte_reader.ts'
import { corrupt, tooLarge } from './errors.ts'
import { MOST_PARTS } from './limits.ts'

export const RIFF_HEADER_BYTES = 12
export const CHUNK_HEADER_BYTES = 8

export interface WebpChunk {
  type: string
  from: number
  to: number
}

/**
 * The chunks of a WebP (RFC 9649), up to the end that its header declares.
 *
 * @throws ImagingError E_IMAGE_CORRUPT, E_IMAGE_TOO_LARGE
 */
export async function readWebpChunks(
  reader: ByteReader
): Promise<{ chunks: WebpChunk[]; declaredEnd: number; frames: number }> {
  const declaredEnd = (await reader.bytes(4, 4)).readUInt32LE(0) + CHUNK_HEADER_BYTES
  if (declaredEnd > reader.size) {
    throw corrupt('The WebP ends too early')
  }
  const chunks: WebpChunk[] = []
  for (let at = RIFF_HEADER_BYTES; at + CHUNK_HEADER_BYTES <= declaredEnd;) {
    const head = await reader.bytes(at, CHUNK_HEADER_BYTES)
    const length = head.readUInt32LE(4)
    const to = at + CHUNK_HEADER_BYTES + length + (length % 2)
    if (to > declaredEnd) {
      throw corrupt('The WebP ends too early')
    }
    chunks.push({ type: head.toString('latin1', 0, 4), from: at, to })
    if (chunks.length > MOST_PARTS) {
      throw tooLarge(`The WebP has more than ${MOST_PARTS} chunks`)
    }
    at = to
  }
  const frames = chunks.filter(({ type }) => type === 'ANMF').length
  return { chunks, declaredEnd, frames: Math.max(1, frames) }
}
