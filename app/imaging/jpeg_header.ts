import type { PixelSize } from './bitmap_headers.ts'
import type { ByteReader } from './byte_reader.ts'

const START_OF_SCAN = 0xda
const EXIF = 0xe1
/** Baseline, extended and progressive, with Huffman coding. */
const COMMON_FRAMES = new Set([0xc0, 0xc1, 0xc2])
const FRAME_BYTES = 10
const COMPONENTS = new Set([1, 3, 4])
/** Segments before the first scan; an ordinary JPEG has a dozen. */
const MOST_SEGMENTS = 64
/** Frames of any kind; what lies between them is no frame (T.81, table B.1). */
const isFrame = (marker: number) =>
  marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)

/**
 * The size of a JPEG whose structure was checked, when its header is as ordinary as most are: one frame of a common
 * kind, eight bits a sample, and no EXIF that could turn it. `null` for any other: a library is to look at it.
 */
export async function readPlainJpegSize(reader: ByteReader): Promise<PixelSize | null> {
  let size: PixelSize | null = null
  let at = 2
  for (let segments = 0; segments < MOST_SEGMENTS; segments++) {
    const [prefix, marker = 0] = await reader.bytes(at, 2)
    if (prefix !== 0xff || marker < 0xc0 || (marker >= 0xd0 && marker <= 0xd9) || marker === EXIF) {
      return null
    }
    if (marker === START_OF_SCAN) {
      return size
    }
    if (isFrame(marker)) {
      if (size !== null || !COMMON_FRAMES.has(marker)) {
        return null
      }
      size = plainFrame(await reader.bytes(at, Math.min(FRAME_BYTES, reader.size - at)))
      if (size === null) {
        return null
      }
    }
    at += 2 + (await reader.bytes(at + 2, 2)).readUInt16BE(0)
  }
  return null
}

/** The size in a frame's header; `null` for one that is out of the ordinary. */
function plainFrame(header: Buffer): PixelSize | null {
  if (header.length < FRAME_BYTES) {
    return null
  }
  const components = header.readUInt8(9)
  const isPlain =
    header.readUInt8(4) === 8 &&
    COMPONENTS.has(components) &&
    header.readUInt16BE(2) === 8 + 3 * components
  const size = { width: header.readUInt16BE(7), height: header.readUInt16BE(5) }
  return isPlain && size.width > 0 && size.height > 0 ? size : null
}
