import sharp, { type Sharp } from 'sharp'
import type { ImageFacts } from '../inspect.ts'

export const POSITIONS = ['top-left', 'top-right', 'center', 'bottom-left', 'bottom-right'] as const

export interface Watermark {
  /** The text as a picture, on nothing. */
  png: Uint8Array
  position: (typeof POSITIONS)[number]
}

/** Of the shorter side, between the text and the edge. */
const MARGIN_SHARE = 0.02
const SMALLEST_MARGIN = 2

/**
 * Lays a watermark over a picture, over each frame of an animation. One that is too large for the picture is made
 * smaller.
 */
export async function placeWatermark(
  picture: Sharp,
  { width, height }: Pick<ImageFacts, 'width' | 'height'>,
  { png, position }: Watermark
): Promise<Sharp> {
  const margin = Math.max(SMALLEST_MARGIN, Math.round(Math.min(width, height) * MARGIN_SHARE))
  const { data, info } = await sharp(png)
    .resize(Math.max(1, width - 2 * margin), Math.max(1, height - 2 * margin), {
      fit: 'inside',
      withoutEnlargement: true,
    })
    .png()
    .toBuffer({ resolveWithObject: true })
  const place = placeOf(position, { width, height }, info, margin)
  // As large as a frame: laid like tiles, it is on each of them.
  const frame = await sharp({
    create: { width, height, channels: 4, background: { r: 0, g: 0, b: 0, alpha: 0 } },
  })
    .composite([{ input: data, ...place }])
    .png({ compressionLevel: 1 })
    .toBuffer()
  return picture.composite([{ input: frame, tile: true, gravity: 'northwest' }])
}

interface Size {
  width: number
  height: number
}

function placeOf(position: Watermark['position'], picture: Size, text: Size, margin: number) {
  const [right, bottom] = [picture.width - text.width, picture.height - text.height]
  const [top, left] = [Math.min(margin, bottom), Math.min(margin, right)]
  switch (position) {
    case 'top-left':
      return { top, left }
    case 'top-right':
      return { top, left: right - left }
    case 'bottom-left':
      return { top: bottom - top, left }
    case 'bottom-right':
      return { top: bottom - top, left: right - left }
    case 'center':
      return { top: Math.round(bottom / 2), left: Math.round(right / 2) }
  }
}
