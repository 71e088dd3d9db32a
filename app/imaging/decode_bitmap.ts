import sharp, { type Matrix3x3, type Sharp } from 'sharp'
import { largestIcon } from './bitmap_headers.ts'
import { ImagingError } from './errors.ts'

const PNG_SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47])
const FILE_HEADER_BYTES = 14
const UNCOMPRESSED = 0
const BIT_FIELDS = 3
/** Done by the library, on its own threads and to the pixels that are left. */
const SWAP_RED_AND_BLUE: Matrix3x3 = [
  [0, 0, 1],
  [0, 1, 0],
  [1, 0, 0],
]

function unsupported(what: string): ImagingError {
  return new ImagingError('E_THUMBNAIL_UNSUPPORTED', `A thumbnail of ${what} cannot be made`)
}

/** A BMP as pixels that sharp can work on: 24 and 32 bits a pixel, which is what programs write today. */
export function decodeBmp(file: Buffer): Sharp {
  const header = file.subarray(FILE_HEADER_BYTES)
  return decodeDib(header, file.subarray(file.readUInt32LE(10)), false)
}

/** The largest picture of an icon: a PNG, or a bitmap without its file header. */
export function decodeIco(file: Buffer): Sharp {
  const { offset, length } = largestIcon(file)
  const picture = file.subarray(offset, offset + length)
  if (picture.subarray(0, PNG_SIGNATURE.length).equals(PNG_SIGNATURE)) {
    return sharp(picture)
  }
  if (picture.length < 40) {
    throw unsupported('a damaged icon')
  }
  return decodeDib(picture, picture.subarray(picture.readUInt32LE(0)), true)
}

/** A BITMAPINFOHEADER and its pixels. In an icon the height counts the mask, which follows the picture. */
function decodeDib(header: Buffer, pixels: Buffer, isIcon: boolean): Sharp {
  if (header.length < 40 || header.readUInt32LE(0) < 40) {
    throw unsupported('this kind of bitmap')
  }
  const width = header.readInt32LE(4)
  const signedHeight = header.readInt32LE(8)
  const height = Math.abs(signedHeight) / (isIcon ? 2 : 1)
  const bits = header.readUInt16LE(14)
  const compression = header.readUInt32LE(16)
  const isPlain = compression === UNCOMPRESSED || (compression === BIT_FIELDS && bits === 32)
  if (width <= 0 || !Number.isInteger(height) || !isPlain || (bits !== 24 && bits !== 32)) {
    throw unsupported(`a bitmap of ${bits} bits a pixel`)
  }
  const bytes = bits / 8
  const isUpright = signedHeight < 0
  const stride = Math.ceil((width * bytes) / 4) * 4
  if (pixels.length < stride * height) {
    throw new ImagingError('E_IMAGE_CORRUPT', 'The bitmap ends too early')
  }
  const rows = uprightRows(pixels, { stride, rowBytes: width * bytes, height, isUpright })
  if (bits === 24) {
    return sharp(rows, { raw: { width, height, channels: 3 } }).recomb(SWAP_RED_AND_BLUE)
  }
  swapWords(rows, isIcon)
  return sharp(rows, { raw: { width, height, channels: 4 } })
}

/** The rows from the top to the bottom, without what fills them up: whole rows are copied, no single pixel is touched. */
function uprightRows(
  pixels: Buffer,
  shape: { stride: number; rowBytes: number; height: number; isUpright: boolean }
): Buffer {
  const { stride, rowBytes, height, isUpright } = shape
  const rows = Buffer.from(new ArrayBuffer(rowBytes * height))
  for (let y = 0; y < height; y++) {
    const from = (isUpright ? y : height - 1 - y) * stride
    pixels.copy(rows, y * rowBytes, from, from + rowBytes)
  }
  return rows
}

/** Blue, green, red and a fourth byte, which is transparency in icons alone, to what sharp takes; a word a pixel. */
function swapWords(rows: Buffer, hasAlpha: boolean): void {
  const words = new Uint32Array(rows.buffer)
  const opaque = hasAlpha ? 0 : 0xff000000
  for (let index = 0; index < words.length; index++) {
    const word = words[index] ?? 0
    words[index] = ((word & 0xff) << 16) | ((word >>> 16) & 0xff) | (word & 0xff00ff00) | opaque
  }
}
