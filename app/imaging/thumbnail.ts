import { readFile } from 'node:fs/promises'
import { ImagingError } from './errors.ts'
import { sniffFormat, SNIFF_BYTES } from './formats.ts'
import { openPicture } from './open_picture.ts'

export interface MadeThumbnail {
  bytes: Buffer
  mimetype: 'image/webp'
  width: number
  height: number
}

/** The longest side of a thumbnail in pixels. */
export const THUMBNAIL_SIDE = 400

const QUALITY = 80
const EFFORT = 3
const TIMEOUT_SECONDS = 20

/**
 * A small picture of an image: orientation applied, the first frame of an animation, never larger than the original.
 * The same bytes give the same thumbnail.
 *
 * @throws ImagingError E_IMAGE_CORRUPT, E_THUMBNAIL_UNSUPPORTED
 */
export async function makeThumbnail(
  source: string | Buffer,
  options: { longestSide: number } = { longestSide: THUMBNAIL_SIDE }
): Promise<MadeThumbnail> {
  const { longestSide } = options
  const bytes = typeof source === 'string' ? await readFile(source) : source
  try {
    const picture = await openPicture(bytes, sniffFormat(bytes.subarray(0, SNIFF_BYTES)))
    const { data, info } = await picture
      .autoOrient()
      .resize(longestSide, longestSide, { fit: 'inside', withoutEnlargement: true })
      .webp({ quality: QUALITY, effort: EFFORT })
      .timeout({ seconds: TIMEOUT_SECONDS })
      .toBuffer({ resolveWithObject: true })
    return { bytes: data, mimetype: 'image/webp', width: info.width, height: info.height }
  } catch (error) {
    if (error instanceof ImagingError) {
      throw error
    }
    throw new ImagingError('E_IMAGE_CORRUPT', 'The image cannot be decoded', { cause: error })
  }
}
