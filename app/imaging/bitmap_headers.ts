import { corrupt } from './errors.ts'

export interface PixelSize {
  width: number
  height: number
}

const ICON_DIRECTORY_BYTES = 6
const ICON_ENTRY_BYTES = 16
/** A size of 0 in an icon's directory stands for 256. */
const ICON_FULL_SIZE = 256
const CORE_HEADER_BYTES = 12
const HEADER_SIZES = new Set([CORE_HEADER_BYTES, 40, 52, 56, 64, 108, 124])
/** Pixels as they are, or with masks. */
const PLAIN_COMPRESSIONS = new Set([0, 3, 6])

/**
 * The size in a BMP's header: BITMAPCOREHEADER, or BITMAPINFOHEADER and its successors.
 *
 * @throws ImagingError E_IMAGE_CORRUPT also when the file is too small for the pixels that it claims
 */
export function readBmpSize(head: Buffer, fileBytes: number): PixelSize {
  const headerBytes = head.length < 30 ? 0 : head.readUInt32LE(14)
  const isCore = headerBytes === CORE_HEADER_BYTES
  if (!HEADER_SIZES.has(headerBytes) || (!isCore && head.length < 34)) {
    throw corrupt('The bitmap is damaged')
  }
  const width = isCore ? head.readUInt16LE(18) : head.readInt32LE(18)
  // A negative height says that rows run from the top.
  const height = Math.abs(isCore ? head.readUInt16LE(20) : head.readInt32LE(22))
  const bits = head.readUInt16LE(isCore ? 24 : 28)
  const isPlain = isCore || PLAIN_COMPRESSIONS.has(head.readUInt32LE(30))
  const row = Math.ceil((width * bits) / 32) * 4
  if (isPlain && (bits === 0 || head.readUInt32LE(10) + row * height > fileBytes)) {
    throw corrupt('The bitmap is smaller than it says')
  }
  return { width, height }
}

export interface IconEntry extends PixelSize {
  offset: number
  length: number
}

/** The pictures in an icon, as its directory lists them. */
export function readIconEntries(head: Buffer): IconEntry[] {
  const count = head.length < ICON_DIRECTORY_BYTES ? 0 : head.readUInt16LE(4)
  if (count === 0 || head.length < ICON_DIRECTORY_BYTES + count * ICON_ENTRY_BYTES) {
    throw corrupt('The icon is damaged')
  }
  return Array.from({ length: count }, (_, index) => {
    const at = ICON_DIRECTORY_BYTES + index * ICON_ENTRY_BYTES
    return {
      width: head.readUInt8(at) || ICON_FULL_SIZE,
      height: head.readUInt8(at + 1) || ICON_FULL_SIZE,
      length: head.readUInt32LE(at + 8),
      offset: head.readUInt32LE(at + 12),
    }
  })
}

/** The largest picture of an icon. */
export function largestIcon(head: Buffer): IconEntry {
  return readIconEntries(head).reduce((largest, entry) =>
    entry.width * entry.height > largest.width * largest.height ? entry : largest
  )
}
