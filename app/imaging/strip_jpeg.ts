import type { ByteReader } from './byte_reader.ts'
import { corrupt, tooLarge } from './errors.ts'
import { orientationBlock } from './orientation_block.ts'
import { joinParts, type Part } from './rewrite_plan.ts'

const START_OF_IMAGE = 0xd8
const END_OF_IMAGE = 0xd9
const START_OF_SCAN = 0xda
const APP0 = 0xe0
const APP2 = 0xe2
const APP14 = 0xee
const APP15 = 0xef
const COMMENT = 0xfe
const EXIF_HEADER = Buffer.from('Exif\0\0', 'latin1')
const JFIF_HEADER = 'JFIF\0'
const ICC_HEADER = 'ICC_PROFILE\0'
const ADOBE_HEADER = 'Adobe'
/** A JFIF segment without the small picture that it can hold. */
const JFIF_BYTES = 18
/** Photographs have some hundreds at most; a profile or a long XMP is parted into segments of 64 KB. */
const MOST_SEGMENTS = 10_000
/** Bytes that are looked at one by one before a search pays. */
const NEAR_BYTES = 16
/** Each scan of a progressive JPEG is a pass over all its pixels. */
const MOST_SCANS = 100

/**
 * What stays of a JPEG (ITU-T T.81, annex B): everything that pixels and colours depend on. JFIF, Adobe and ICC segments
 * stay; EXIF, XMP, IPTC, other application data, comments, small pictures beside the large one and what follows the end
 * of the image go.
 */
export async function planJpeg(reader: ByteReader, orientation: number): Promise<Part[]> {
  const parts: Part[] = [{ from: 0, to: 2 }]
  let orientationIsDue = orientation !== 1
  let at = 2
  let scans = 0
  for (let segments = 0; segments < MOST_SEGMENTS; segments++) {
    const { marker, start } = await nextMarker(reader, at)
    if (marker === END_OF_IMAGE) {
      parts.push({ from: start, to: start + 2 })
      return joinParts(parts)
    }
    if (isStandAlone(marker)) {
      parts.push({ from: start, to: start + 2 })
      at = start + 2
      continue
    }
    const length = (await reader.bytes(start + 2, 2)).readUInt16BE(0)
    if (length < 2) {
      throw corrupt('The JPEG has a segment without a length')
    }
    const end = start + 2 + length
    if (marker !== APP0 && orientationIsDue) {
      parts.push(orientationSegment(orientation))
      orientationIsDue = false
    }
    parts.push(...(await whatStays(reader, marker, start, end)))
    at = end
    if (marker === START_OF_SCAN) {
      scans += 1
      if (scans > MOST_SCANS) {
        throw tooLarge(`The JPEG has more than ${MOST_SCANS} scans`)
      }
      at = await endOfScan(reader, end)
      parts.push({ from: end, to: at })
    }
  }
  throw tooLarge(`The JPEG has more than ${MOST_SEGMENTS} segments`)
}

async function nextMarker(reader: ByteReader, at: number) {
  let [prefix, marker] = await reader.bytes(at, 2)
  if (prefix !== 0xff) {
    throw corrupt('The JPEG has no marker where one must be')
  }
  let start = at
  // Fill bytes may stand before a marker.
  while (marker === 0xff) {
    const stretch = await reader.stretch(start + 1, 1)
    const filled = stretch.findIndex((byte) => byte !== 0xff)
    start += filled === -1 ? stretch.length : filled
    ;[prefix, marker] = await reader.bytes(start, 2)
  }
  return { marker: marker ?? 0, start }
}

function isStandAlone(marker: number): boolean {
  return marker === START_OF_IMAGE || marker === 0x01 || (marker >= 0xd0 && marker <= 0xd7)
}

async function whatStays(
  reader: ByteReader,
  marker: number,
  start: number,
  end: number
): Promise<Part[]> {
  const begins = async (header: string) =>
    end - start - 4 >= header.length &&
    (await reader.bytes(start + 4, header.length)).toString('latin1') === header
  const whole = [{ from: start, to: end }]
  switch (marker) {
    case APP0:
      return (await begins(JFIF_HEADER)) ? jfifSegment(reader, start, end) : []
    case APP2:
      return (await begins(ICC_HEADER)) ? whole : []
    case APP14:
      return (await begins(ADOBE_HEADER)) ? whole : []
    default:
      return (marker >= APP0 && marker <= APP15) || marker === COMMENT ? [] : whole
  }
}

async function jfifSegment(reader: ByteReader, start: number, end: number): Promise<Part[]> {
  if (end - start <= JFIF_BYTES) {
    return [{ from: start, to: end }]
  }
  const segment = Buffer.from(await reader.bytes(start, JFIF_BYTES))
  segment.writeUInt16BE(JFIF_BYTES - 2, 2)
  segment.writeUInt16BE(0, JFIF_BYTES - 2)
  return [segment]
}

/** Entropy-coded data runs to the next marker that is neither a stuffed byte nor a restart. */
async function endOfScan(reader: ByteReader, from: number): Promise<number> {
  for (let at = from; ;) {
    const { isMarker, index } = findMarker(await reader.stretch(at, 2))
    if (isMarker) {
      return at + index
    }
    at += index
  }
}

/** Where a marker stands; or, when there is none here, from where to look on. */
function findMarker(stretch: Buffer): { isMarker: boolean; index: number } {
  const last = stretch.length - 1
  let index = nextPrefix(stretch, 0)
  for (; index !== -1 && index < last; index = nextPrefix(stretch, index + 1)) {
    const next = stretch[index + 1] ?? 0
    const isData = next === 0x00 || next === 0xff || (next >= 0xd0 && next <= 0xd7)
    if (!isData) {
      return { isMarker: true, index }
    }
  }
  return { isMarker: false, index: index === last ? last : stretch.length }
}

/**
 * The next byte that a marker could begin with. Few bytes of a picture are one, and searching for them is many times
 * faster than looking at each; near ones are looked for first, so that a file made of them costs no search each.
 */
function nextPrefix(stretch: Buffer, from: number): number {
  const near = Math.min(from + NEAR_BYTES, stretch.length)
  for (let index = from; index < near; index++) {
    if (stretch[index] === 0xff) {
      return index
    }
  }
  return stretch.indexOf(0xff, near)
}

function orientationSegment(orientation: number): Buffer {
  const body = Buffer.concat([EXIF_HEADER, orientationBlock(orientation)])
  const segment = Buffer.from([0xff, 0xe1, 0, 0])
  segment.writeUInt16BE(body.length + 2, 2)
  return Buffer.concat([segment, body])
}
