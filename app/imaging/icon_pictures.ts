import type { ByteReader } from './byte_reader.ts'
import { readIconEntries, type PixelSize } from './bitmap_headers.ts'
import { corrupt } from './errors.ts'

const PNG_SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47])
const PNG_SIZE_AT = 16
const DIB_HEADER_BYTES = 40
/** More than any program puts into an icon. */
const MOST_PICTURES = 256
const DIRECTORY_BYTES = 6 + MOST_PICTURES * 16

/**
 * The size of the largest picture in an icon, as the picture itself says: the directory can claim anything.
 *
 * @throws ImagingError E_IMAGE_CORRUPT
 */
export async function readIconSize(reader: ByteReader): Promise<PixelSize> {
  const head = await reader.bytes(0, Math.min(DIRECTORY_BYTES, reader.size))
  let largest: PixelSize = { width: 0, height: 0 }
  for (const { offset, length } of readIconEntries(Buffer.from(head))) {
    if (length < DIB_HEADER_BYTES || offset + length > reader.size) {
      throw corrupt('The icon ends too early')
    }
    const size = pictureSize(await reader.bytes(offset, DIB_HEADER_BYTES))
    if (size.width * size.height > largest.width * largest.height) {
      largest = size
    }
  }
  return largest
}

function pictureSize(header: Buffer): PixelSize {
  if (header.subarray(0, PNG_SIGNATURE.length).equals(PNG_SIGNATURE)) {
    return {
      width: header.readUInt32BE(PNG_SIZE_AT),
      height: header.readUInt32BE(PNG_SIZE_AT + 4),
    }
  }
  // The height counts the mask as well.
  return { width: header.readInt32LE(4), height: Math.abs(header.readInt32LE(8)) / 2 }
}
