import type { Sharp } from 'sharp'
import { ImagingError } from './errors.ts'
import { openPicture } from './open_picture.ts'
import type { VariantFormat } from './variant_options.ts'
import type { VariantSize } from './variant_size.ts'

/** An image that variants are made of; its sizes are as displayed. */
export interface VariantSource {
  /** Its path, or its bytes. */
  file: string | Buffer
  extension: string
  width: number
  height: number
  frames: number
}

/** What a variant is to be. */
export interface RenderOptions {
  size: VariantSize
  /** `plain`: PNG where there is transparency, else JPEG. */
  format: VariantFormat | 'plain'
  /** `null` for the format's own. */
  quality: number | null
  blur: number | null
}

export interface RenderedVariant {
  bytes: Buffer
  format: VariantFormat
}

const QUALITIES = { jpeg: 80, webp: 80, avif: 55 } as const
const TIMEOUT_SECONDS = 15

/** These are decoded whole, in memory, before the first pixel can be used. */
const DECODED_WHOLE = ['webp', 'avif', 'heic', 'bmp', 'ico']
const MOST_PIXELS_DECODED_WHOLE = 40_000_000
/** All frames of an animation together; a longer one stands still. */
const MOST_ANIMATED_PIXELS = 50_000_000
/** Their encoders cannot be interrupted. */
const MOST_PIXELS_OUT: Partial<Record<VariantFormat, number>> = {
  avif: 16_000_000,
  webp: 40_000_000,
  gif: 16_000_000,
}
/** AVIF costs more than all others: somebody waits for it. */
const AVIF_EFFORT = 3
const LARGE_AVIF_EFFORT = 2
const LARGE_AVIF_PIXELS = 2_000_000

/**
 * Makes a variant: orientation applied, colours converted to sRGB, metadata left behind. A JPEG is decoded at a fraction
 * of its size where that is enough. The work is done on libuv's threads.
 *
 * @throws ImagingError E_IMAGE_TOO_LARGE, E_IMAGE_TOO_SLOW, E_IMAGE_CORRUPT, E_THUMBNAIL_UNSUPPORTED
 */
export async function renderVariant(
  source: VariantSource,
  options: RenderOptions
): Promise<RenderedVariant> {
  const { size, quality, blur } = options
  const animated = isAnimated(source, options)
  checkPixels(source, size, options.format)
  try {
    const opened = await openPicture(source.file, source.extension, { animated })
    const format = options.format === 'plain' ? await plainFormat(opened) : options.format
    const shaped = shape(animated ? opened : opened.autoOrient(), source, size, blur)
    const bytes = await encode(shaped, format, size, quality)
      .timeout({ seconds: TIMEOUT_SECONDS })
      .toBuffer()
    return { bytes, format }
  } catch (error) {
    if (error instanceof ImagingError) {
      throw error
    }
    const tookTooLong = error instanceof Error && error.message.startsWith('timeout:')
    throw tookTooLong
      ? new ImagingError('E_IMAGE_TOO_SLOW', 'The image takes too long', { cause: error })
      : new ImagingError('E_IMAGE_CORRUPT', 'The image cannot be decoded', { cause: error })
  }
}

/** Whether frames are kept: an animated WebP goes on moving as WebP or GIF, within bounds. */
function isAnimated({ extension, width, height, frames }: VariantSource, options: RenderOptions) {
  return (
    extension === 'webp' &&
    frames > 1 &&
    frames * width * height <= MOST_ANIMATED_PIXELS &&
    (options.format === 'webp' || options.format === 'gif')
  )
}

function checkPixels(
  { extension, width, height }: VariantSource,
  size: VariantSize,
  format: RenderOptions['format']
): void {
  const most = format === 'plain' ? undefined : MOST_PIXELS_OUT[format]
  const isTooLarge =
    (DECODED_WHOLE.includes(extension) && width * height > MOST_PIXELS_DECODED_WHOLE) ||
    size.width * size.height > (most ?? Number.POSITIVE_INFINITY)
  if (isTooLarge) {
    throw new ImagingError('E_IMAGE_TOO_LARGE', 'The image has too many pixels for this')
  }
}

async function plainFormat(picture: Sharp): Promise<'png' | 'jpeg'> {
  return (await picture.metadata()).hasAlpha ? 'png' : 'jpeg'
}

function shape(
  picture: Sharp,
  source: VariantSource,
  size: VariantSize,
  blur: number | null
): Sharp {
  const isWhole = size.width === source.width && size.height === source.height
  const { width, height, fit } = size
  const resized = isWhole
    ? picture
    : picture.resize(width, height, { fit, background: { r: 255, g: 255, b: 255, alpha: 0 } })
  return blur === null ? resized : resized.blur(blur)
}

function encode(picture: Sharp, format: VariantFormat, size: VariantSize, quality: number | null) {
  switch (format) {
    case 'jpeg':
      return picture.flatten({ background: 'white' }).jpeg({ quality: quality ?? QUALITIES.jpeg })
    case 'png':
      return picture.png()
    case 'webp':
      return picture.webp({ quality: quality ?? QUALITIES.webp })
    case 'gif':
      return picture.gif()
    case 'avif':
      return picture.avif({
        quality: quality ?? QUALITIES.avif,
        effort: size.width * size.height > LARGE_AVIF_PIXELS ? LARGE_AVIF_EFFORT : AVIF_EFFORT,
      })
  }
}
