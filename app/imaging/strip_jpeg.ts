import type { ByteReader } from './byte_reader.ts'
import { ImagingError } from './errors.ts'
import { orientationBlock } from './orientation_block.ts'
import type { Part } from './rewrite_plan.ts'

const START_OF_IMAGE = 0xd8
const END_OF_IMAGE = 0xd9
const START_OF_SCAN = 0xda
const APP0 = 0xe0
const APP2 = 0xe2
const APP14 = 0xee
const APP15 = 0xef
const COMMENT = 0xfe
const EXIF_HEADER = Buffer.from('Exif\0\0', 'latin1')
const ICC_HEADER = 'ICC_PROFILE\0'

/**
 * What stays of a JPEG (ITU-T T.81, annex B): everything that pixels and colours depend on. JFIF, Adobe and ICC segments
 * stay; EXIF, XMP, IPTC, other application data, comments and what follows the end of the image go.
 */
export async function planJpeg(reader: ByteReader, orientation: number): Promise<Part[]> {
  const parts: Part[] = [{ from: 0, to: 2 }]
  let orientationIsDue = orientation !== 1
  let at = 2
  for (;;) {
    const { marker, start } = await nextMarker(reader, at)
    if (marker === END_OF_IMAGE) {
      parts.push({ from: start, to: start + 2 })
      return join(parts)
    }
    if (isStandAlone(marker)) {
      parts.push({ from: start, to: start + 2 })
      at = start + 2
      continue
    }
    const length = (await reader.bytes(start + 2, 2)).readUInt16BE(0)
    if (length < 2) {
      throw new ImagingError('E_IMAGE_CORRUPT', 'The JPEG has a segment without a length')
    }
    const end = start + 2 + length
    if (marker !== APP0 && orientationIsDue) {
      parts.push(orientationSegment(orientation))
      orientationIsDue = false
    }
    if (await stays(reader, marker, start + 4, length - 2)) {
      parts.push({ from: start, to: end })
    }
    at = end
    if (marker === START_OF_SCAN) {
      at = await endOfScan(reader, end)
      parts.push({ from: end, to: at })
    }
  }
}

async function nextMarker(reader: ByteReader, at: number) {
  let start = at
  let [prefix, marker] = await reader.bytes(start, 2)
  if (prefix !== 0xff) {
    throw new ImagingError('E_IMAGE_CORRUPT', 'The JPEG has no marker where one must be')
  }
  // Fill bytes may stand before a marker.
  while (marker === 0xff) {
    start += 1
    ;[prefix, marker] = await reader.bytes(start, 2)
  }
  return { marker: marker ?? 0, start }
}

function isStandAlone(marker: number): boolean {
  return marker === START_OF_IMAGE || marker === 0x01 || (marker >= 0xd0 && marker <= 0xd7)
}

async function stays(reader: ByteReader, marker: number, at: number, length: number) {
  if (marker === APP2) {
    const header = await reader.bytes(at, Math.min(length, ICC_HEADER.length))
    return header.toString('latin1') === ICC_HEADER
  }
  const isApplicationData = marker >= APP0 && marker <= APP15
  return marker === APP0 || marker === APP14 || !(isApplicationData || marker === COMMENT)
}

/** Entropy-coded data runs to the next marker that is neither a stuffed byte nor a restart. */
async function endOfScan(reader: ByteReader, from: number): Promise<number> {
  for (let at = from; ;) {
    const found = await reader.indexOf(0xff, at)
    if (found === -1) {
      throw new ImagingError('E_IMAGE_CORRUPT', 'The JPEG ends too early')
    }
    const marker = (await reader.bytes(found, 2)).readUInt8(1)
    const isData = marker === 0x00 || (marker >= 0xd0 && marker <= 0xd7)
    if (!isData && marker !== 0xff) {
      return found
    }
    at = found + (marker === 0xff ? 1 : 2)
  }
}

function orientationSegment(orientation: number): Buffer {
  const body = Buffer.concat([EXIF_HEADER, orientationBlock(orientation)])
  const segment = Buffer.from([0xff, 0xe1, 0, 0])
  segment.writeUInt16BE(body.length + 2, 2)
  return Buffer.concat([segment, body])
}

/** Neighbouring stretches as one. */
function join(parts: Part[]): Part[] {
  const joined: Part[] = []
  for (const part of parts) {
    const last = joined.at(-1)
    if (last && !Buffer.isBuffer(last) && !Buffer.isBuffer(part) && last.to === part.from) {
      last.to = part.to
    } else {
      joined.push(Buffer.isBuffer(part) ? part : { ...part })
    }
  }
  return joined
}
