import type { Sharp } from 'sharp'
import { rgbaToThumbHash } from 'thumbhash'

/** A ThumbHash holds seven waves a side at most: more pixels than this change nothing that can be seen. */
const SIDE = 32

/** A picture's ThumbHash in base64: some thirty bytes that a client can show at once, until the picture is there. */
export async function thumbHash(picture: Sharp): Promise<string> {
  const { data, info } = await picture
    .resize(SIDE, SIDE, { fit: 'inside', withoutEnlargement: true })
    .toColourspace('srgb')
    .ensureAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true })
  return Buffer.from(rgbaToThumbHash(info.width, info.height, data)).toString('base64')
}
