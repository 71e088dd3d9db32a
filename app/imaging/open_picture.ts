import { readFile } from 'node:fs/promises'
import sharp, { type Sharp } from 'sharp'
import { decodeBmp, decodeIco } from './decode_bitmap.ts'
import { DEFAULT_LIMITS } from './limits.ts'

// Each picture is worked on once: a cache of operations only holds memory.
sharp.cache(false)

/**
 * A file's picture, ready to be worked on, its format told by the extension: the first one of several, or with `animated`
 * all of its frames.
 */
export async function openPicture(
  source: string | Buffer,
  extension: string | null,
  { animated = false } = {}
): Promise<Sharp> {
  switch (extension) {
    case 'bmp':
      return decodeBmp(await bytesOf(source))
    case 'ico':
      return decodeIco(await bytesOf(source))
    default:
      return sharp(source, {
        limitInputPixels: animated ? DEFAULT_LIMITS.animatedPixels : DEFAULT_LIMITS.pixels,
        page: 0,
        pages: animated ? -1 : 1,
        sequentialRead: true,
      })
  }
}

function bytesOf(source: string | Buffer): Promise<Buffer> | Buffer {
  return typeof source === 'string' ? readFile(source) : source
}
