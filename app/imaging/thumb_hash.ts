import sharp from 'sharp'
import { rgbaToThumbHash } from 'thumbhash'

/** The largest picture that a ThumbHash is made of. */
const SIDE = 100

/** A picture's ThumbHash in base64: some thirty bytes that a client can show at once, until the picture is there. */
export async function thumbHash(picture: Buffer): Promise<string> {
  const { data, info } = await sharp(picture)
    .resize(SIDE, SIDE, { fit: 'inside', withoutEnlargement: true })
    .ensureAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true })
  return Buffer.from(rgbaToThumbHash(info.width, info.height, data)).toString('base64')
}
