import type { ByteReader } from './byte_reader.ts'
import { ImagingError } from './errors.ts'
import { orientationBlock } from './orientation_block.ts'
import type { Part } from './rewrite_plan.ts'

const RIFF_HEADER_BYTES = 12
const CHUNK_HEADER_BYTES = 8
const EXIF_FLAG = 0x08
const XMP_FLAG = 0x04
const KEPT = new Set(['VP8 ', 'VP8L', 'VP8X', 'ICCP', 'ANIM', 'ANMF', 'ALPH'])

/** What stays of a WebP (RFC 9649): EXIF, XMP and unknown chunks go, and what follows the end of the file it declares. */
export async function planWebp(reader: ByteReader, orientation: number): Promise<Part[]> {
  const declaredEnd = (await reader.bytes(4, 4)).readUInt32LE(0) + CHUNK_HEADER_BYTES
  if (declaredEnd > reader.size) {
    throw new ImagingError('E_IMAGE_CORRUPT', 'The WebP ends too early')
  }
  const parts: Part[] = []
  let isExtended = false
  for (let at = RIFF_HEADER_BYTES; at + CHUNK_HEADER_BYTES <= declaredEnd;) {
    const head = await reader.bytes(at, CHUNK_HEADER_BYTES)
    const type = head.toString('latin1', 0, 4)
    const length = head.readUInt32LE(4)
    const end = at + CHUNK_HEADER_BYTES + length + (length % 2)
    if (end > declaredEnd) {
      throw new ImagingError('E_IMAGE_CORRUPT', 'The WebP ends too early')
    }
    if (type === 'VP8X') {
      isExtended = true
      const flagged = Buffer.from(await reader.bytes(at, end - at))
      const flags = flagged.readUInt8(CHUNK_HEADER_BYTES) & ~(EXIF_FLAG | XMP_FLAG)
      flagged.writeUInt8(flags | (orientation === 1 ? 0 : EXIF_FLAG), CHUNK_HEADER_BYTES)
      const isSame = flagged.equals(await reader.bytes(at, end - at))
      parts.push(isSame ? { from: at, to: end } : flagged)
    } else if (KEPT.has(type)) {
      parts.push({ from: at, to: end })
    }
    at = end
  }
  if (isExtended && orientation !== 1) {
    parts.push(exifChunk(orientation))
  }
  return withHeader(parts, declaredEnd)
}

function exifChunk(orientation: number): Buffer {
  const block = orientationBlock(orientation)
  const header = Buffer.from('EXIF\0\0\0\0', 'latin1')
  header.writeUInt32LE(block.length, 4)
  return Buffer.concat([header, block])
}

function sizeOf(part: Part): number {
  return Buffer.isBuffer(part) ? part.length : part.to - part.from
}

function withHeader(parts: Part[], declaredEnd: number): Part[] {
  const size = RIFF_HEADER_BYTES + parts.reduce((sum, part) => sum + sizeOf(part), 0)
  if (size === declaredEnd && !parts.some((part) => Buffer.isBuffer(part))) {
    return [{ from: 0, to: declaredEnd }]
  }
  const header = Buffer.from('RIFF\0\0\0\0WEBP', 'latin1')
  header.writeUInt32LE(size - CHUNK_HEADER_BYTES, 4)
  return [header, ...parts]
}
