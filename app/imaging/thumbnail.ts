import { open } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import sharp from 'sharp'
import { ImagingError } from './errors.ts'
import { sniffFormat, SNIFF_BYTES, type ImageExtension } from './formats.ts'
import { openPicture } from './open_picture.ts'
import { thumbHash } from './thumb_hash.ts'
import { Turns } from './turns.ts'

export interface MadeThumbnail {
  bytes: Buffer
  mimetype: 'image/webp'
  width: number
  height: number
  thumbhash: string
}

/** The longest side of a thumbnail in pixels. */
export const THUMBNAIL_SIDE = 400

const QUALITY = 80
const EFFORT = 3
const TIMEOUT_SECONDS = 20

/** One more than there are cores, so that none stands still between two steps; still more would only hold memory. */
const turns = new Turns(availableParallelism() + 1)

/**
 * A small picture of an image, a path or bytes: orientation applied, the first frame of an animation, never larger than
 * the original; and its ThumbHash. The same bytes give the same thumbnail. A drawing can cost any amount: it is made in
 * the workshop, see `thumbnailOf`.
 *
 * @throws ImagingError E_IMAGE_CORRUPT, E_THUMBNAIL_UNSUPPORTED
 */
export async function makeThumbnail(
  source: string | Buffer,
  options: { longestSide: number } = { longestSide: THUMBNAIL_SIDE }
): Promise<MadeThumbnail> {
  const format = await formatOf(source)
  try {
    return await turns.take(() => draw(source, format, options.longestSide))
  } catch (error) {
    if (error instanceof ImagingError) {
      throw error
    }
    throw new ImagingError('E_IMAGE_CORRUPT', 'The image cannot be decoded', { cause: error })
  }
}

/** The original is decoded once; thumbnail and ThumbHash are made of what is left of its pixels. */
async function draw(
  source: string | Buffer,
  format: ImageExtension | null,
  longestSide: number
): Promise<MadeThumbnail> {
  const picture = await openPicture(source, format)
  const { data, info } = await picture
    .autoOrient()
    .resize(longestSide, longestSide, { fit: 'inside', withoutEnlargement: true })
    .raw()
    .timeout({ seconds: TIMEOUT_SECONDS })
    .toBuffer({ resolveWithObject: true })
  const { width, height, channels } = info
  const small = () => sharp(data, { raw: { width, height, channels } })
  const bytes = await small().webp({ quality: QUALITY, effort: EFFORT }).toBuffer()
  return { bytes, mimetype: 'image/webp', width, height, thumbhash: await thumbHash(small()) }
}

/** What kind of image a file, or bytes, begin like. */
export async function formatOf(source: string | Buffer): Promise<ImageExtension | null> {
  return sniffFormat(await headOf(source))
}

async function headOf(source: string | Buffer): Promise<Buffer> {
  if (typeof source !== 'string') {
    return source.subarray(0, SNIFF_BYTES)
  }
  const file = await open(source, 'r')
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(SNIFF_BYTES), 0, SNIFF_BYTES, 0)
    return buffer.subarray(0, bytesRead)
  } finally {
    await file.close()
  }
}
