import type { ByteReader } from './byte_reader.ts'
import { corrupt } from './errors.ts'
import { orientationBlock } from './orientation_block.ts'
import { joinParts, sizeOfPart, type Part } from './rewrite_plan.ts'
import {
  CHUNK_HEADER_BYTES,
  readWebpChunks,
  RIFF_HEADER_BYTES,
  type WebpChunk,
} from './webp_chunks.ts'

const EXTENDED_HEADER_BYTES = 18
const EXIF_FLAG = 0x08
const XMP_FLAG = 0x04
const KEPT = new Set(['VP8 ', 'VP8L', 'VP8X', 'ICCP', 'ANIM', 'ANMF', 'ALPH'])

/** What stays of a WebP (RFC 9649): EXIF, XMP and unknown chunks go, and what follows the end of the file it declares. */
export async function planWebp(reader: ByteReader, orientation: number): Promise<Part[]> {
  const { chunks, declaredEnd } = await readWebpChunks(reader)
  const parts: Part[] = []
  let isExtended = false
  for (const chunk of chunks) {
    if (chunk.type === 'VP8X') {
      isExtended = true
      parts.push(await extendedHeader(reader, chunk, orientation))
    } else if (KEPT.has(chunk.type)) {
      parts.push({ from: chunk.from, to: chunk.to })
    }
  }
  if (isExtended && orientation !== 1) {
    parts.push(exifChunk(orientation))
  }
  return withHeader(parts, declaredEnd)
}

/** The header that says what else there is; the stretch itself where it needs no change. */
async function extendedHeader(
  reader: ByteReader,
  { from, to }: WebpChunk,
  orientation: number
): Promise<Part> {
  if (to - from !== EXTENDED_HEADER_BYTES) {
    throw corrupt('The WebP has a damaged header')
  }
  const header = Buffer.from(await reader.bytes(from, EXTENDED_HEADER_BYTES))
  const flags = header.readUInt8(CHUNK_HEADER_BYTES)
  const kept = (flags & ~(EXIF_FLAG | XMP_FLAG)) | (orientation === 1 ? 0 : EXIF_FLAG)
  header.writeUInt8(kept, CHUNK_HEADER_BYTES)
  return kept === flags ? { from, to } : header
}

function exifChunk(orientation: number): Buffer {
  const block = orientationBlock(orientation)
  const header = Buffer.from('EXIF\0\0\0\0', 'latin1')
  header.writeUInt32LE(block.length, 4)
  return Buffer.concat([header, block])
}

function withHeader(parts: Part[], declaredEnd: number): Part[] {
  const size = RIFF_HEADER_BYTES + parts.reduce((sum, part) => sum + sizeOfPart(part), 0)
  if (size === declaredEnd && !parts.some((part) => Buffer.isBuffer(part))) {
    return [{ from: 0, to: declaredEnd }]
  }
  const header = Buffer.from('RIFF\0\0\0\0WEBP', 'latin1')
  header.writeUInt32LE(size - CHUNK_HEADER_BYTES, 4)
  return joinParts([header, ...parts])
}
