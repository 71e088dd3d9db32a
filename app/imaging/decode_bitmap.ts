import sharp, { type Sharp } from 'sharp'
import { largestIcon } from './bitmap_headers.ts'
import { ImagingError } from './errors.ts'

const PNG_SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47])
const FILE_HEADER_BYTES = 14
const UNCOMPRESSED = 0
const BIT_FIELDS = 3

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
  const stride = Math.ceil((width * bytes) / 4) * 4
  if (pixels.length < stride * height) {
    throw new ImagingError('E_IMAGE_CORRUPT', 'The bitmap ends too early')
  }
  const hasAlpha = isIcon && bits === 32
  const channels = hasAlpha ? 4 : 3
  const raw = Buffer.alloc(width * height * channels)
  for (let y = 0; y < height; y++) {
    const row = (signedHeight < 0 ? y : height - 1 - y) * stride
    for (let x = 0; x < width; x++) {
      const from = row + x * bytes
      const to = (y * width + x) * channels
      raw[to] = pixels[from + 2] ?? 0
      raw[to + 1] = pixels[from + 1] ?? 0
      raw[to + 2] = pixels[from] ?? 0
      if (hasAlpha) {
        raw[to + 3] = pixels[from + 3] ?? 0
      }
    }
  }
  return sharp(raw, { raw: { width, height, channels } })
}
