import { ImagingError } from './errors.ts'

export interface PixelSize {
  width: number
  height: number
}

const ICON_DIRECTORY_BYTES = 6
const ICON_ENTRY_BYTES = 16
/** A size of 0 in an icon's directory stands for 256. */
const ICON_FULL_SIZE = 256
const CORE_HEADER_BYTES = 12

function corrupt(what: string): ImagingError {
  return new ImagingError('E_IMAGE_CORRUPT', `The ${what} is damaged`)
}

/** The size in a BMP's header: BITMAPCOREHEADER, or BITMAPINFOHEADER and its successors. */
export function readBmpSize(head: Buffer): PixelSize {
  if (head.length < 26) {
    throw corrupt('bitmap')
  }
  if (head.readUInt32LE(14) === CORE_HEADER_BYTES) {
    return { width: head.readUInt16LE(18), height: head.readUInt16LE(20) }
  }
  // A negative height says that rows run from the top.
  return { width: head.readInt32LE(18), height: Math.abs(head.readInt32LE(22)) }
}

export interface IconEntry extends PixelSize {
  offset: number
  length: number
}

/** The pictures in an icon, as its directory lists them. */
export function readIconEntries(head: Buffer): IconEntry[] {
  const count = head.readUInt16LE(4)
  if (count === 0 || head.length < ICON_DIRECTORY_BYTES + count * ICON_ENTRY_BYTES) {
    throw corrupt('icon')
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

export function readIcoSize(head: Buffer): PixelSize {
  const { width, height } = largestIcon(head)
  return { width, height }
}
