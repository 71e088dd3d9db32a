import { crc32 } from 'node:zlib'
import type { ByteReader } from './byte_reader.ts'
import { corrupt, tooLarge } from './errors.ts'
import { MOST_PARTS } from './limits.ts'
import { orientationBlock } from './orientation_block.ts'
import { joinParts, type Part } from './rewrite_plan.ts'

const SIGNATURE_BYTES = 8
const CHUNK_OVERHEAD_BYTES = 12

/** Chunks that pixels, colours and timing depend on (PNG, third edition, 11). */
const KEPT = new Set([
  'IHDR',
  'PLTE',
  'IDAT',
  'IEND',
  'tRNS',
  'gAMA',
  'cHRM',
  'sRGB',
  'iCCP',
  'cICP',
  'mDCV',
  'cLLI',
  'sBIT',
  'bKGD',
  'pHYs',
  'acTL',
  'fcTL',
  'fdAT',
])

/** What stays of a PNG: texts, times, EXIF and unknown chunks go, and what follows the end of the image. */
export async function planPng(reader: ByteReader, orientation: number): Promise<Part[]> {
  const parts: Part[] = [{ from: 0, to: SIGNATURE_BYTES }]
  let at = SIGNATURE_BYTES
  for (let chunks = 0; chunks < MOST_PARTS; chunks++) {
    const head = await reader.bytes(at, 8)
    const length = head.readUInt32BE(0)
    const type = head.toString('latin1', 4, 8)
    const end = at + CHUNK_OVERHEAD_BYTES + length
    if (end > reader.size) {
      throw corrupt('The PNG ends too early')
    }
    if (KEPT.has(type)) {
      parts.push({ from: at, to: end })
    }
    if (type === 'IHDR' && orientation !== 1) {
      parts.push(chunk('eXIf', orientationBlock(orientation)))
    }
    if (type === 'IEND') {
      return joinParts(parts)
    }
    at = end
  }
  throw tooLarge(`The PNG has more than ${MOST_PARTS} chunks`)
}

function chunk(type: string, body: Buffer): Buffer {
  const named = Buffer.concat([Buffer.from(type, 'latin1'), body])
  const frame = Buffer.alloc(8)
  frame.writeUInt32BE(body.length, 0)
  frame.writeUInt32BE(crc32(named), 4)
  return Buffer.concat([frame.subarray(0, 4), named, frame.subarray(4)])
}
