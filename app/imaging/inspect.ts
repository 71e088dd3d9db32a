import { open } from 'node:fs/promises'
import sharp from 'sharp'
import { readBmpSize, readIcoSize } from './bitmap_headers.ts'
import { ImagingError } from './errors.ts'
import { FORMATS, SNIFF_BYTES, sniffFormat, type ImageExtension } from './formats.ts'

/** What an image is, by its bytes. Width and height are as displayed, orientation applied. */
export interface ImageFacts {
  extension: ImageExtension
  mimetype: string
  width: number
  height: number
  /** 1 for a still image. */
  frames: number
  /** As in EXIF: 1 upright, up to 8. */
  orientation: number
  hasAlpha: boolean
}

export interface ImageLimits {
  /** Of one frame. */
  pixels: number
  /** Of all frames together. */
  animatedPixels: number
  frames: number
  /** Bytes of an SVG. */
  svgBytes: number
}

export const DEFAULT_LIMITS: ImageLimits = {
  pixels: 100_000_000,
  animatedPixels: 500_000_000,
  frames: 2_000,
  svgBytes: 5 * 1024 * 1024,
}

/**
 * Reads what a file is from its header; pixels are not decoded, so that a small file that claims to be huge costs
 * nothing.
 *
 * @throws ImagingError E_NOT_AN_IMAGE, E_IMAGE_UNSUPPORTED, E_IMAGE_TOO_LARGE, E_IMAGE_CORRUPT
 */
export async function inspectImage(
  path: string,
  limits: ImageLimits = DEFAULT_LIMITS
): Promise<ImageFacts> {
  const { head, size } = await readHead(path)
  const extension = sniffFormat(head)
  if (extension === null) {
    throw new ImagingError(
      'E_NOT_AN_IMAGE',
      'The file is not an image of a format that is accepted'
    )
  }
  if (extension === 'svg') {
    await checkSvg(path, size, limits)
  }
  const facts =
    extension === 'bmp' || extension === 'ico'
      ? readBitmap(extension, head)
      : await readWithSharp(path, extension)
  checkLimits(facts, limits)
  return facts
}

async function readHead(path: string): Promise<{ head: Buffer; size: number }> {
  const file = await open(path, 'r')
  try {
    const { size } = await file.stat()
    const { buffer, bytesRead } = await file.read(Buffer.alloc(SNIFF_BYTES), 0, SNIFF_BYTES, 0)
    return { head: buffer.subarray(0, bytesRead), size }
  } finally {
    await file.close()
  }
}

/** Entities can refer to each other and to files, and a picture needs none. */
async function checkSvg(path: string, size: number, limits: ImageLimits) {
  if (size > limits.svgBytes) {
    throw new ImagingError('E_IMAGE_TOO_LARGE', `An SVG may have ${limits.svgBytes} bytes at most`)
  }
  const file = await open(path, 'r')
  try {
    const text = await file.readFile('utf8')
    if (/<!DOCTYPE|<!ENTITY/i.test(text)) {
      throw new ImagingError('E_IMAGE_UNSUPPORTED', 'An SVG with a document type is not accepted')
    }
  } finally {
    await file.close()
  }
}

function readBitmap(extension: 'bmp' | 'ico', head: Buffer): ImageFacts {
  const size = extension === 'bmp' ? readBmpSize(head) : readIcoSize(head)
  const { mimetype } = FORMATS[extension]
  return { extension, mimetype, ...size, frames: 1, orientation: 1, hasAlpha: extension === 'ico' }
}

async function readWithSharp(path: string, extension: ImageExtension): Promise<ImageFacts> {
  const metadata = await sharp(path, { limitInputPixels: false })
    .metadata()
    .catch((error: unknown) => {
      throw extension === 'heic'
        ? new ImagingError('E_IMAGE_UNSUPPORTED', 'HEIC images cannot be read by this server', {
            cause: error,
          })
        : new ImagingError('E_IMAGE_CORRUPT', 'The image is damaged', { cause: error })
    })
  const { width, height } = metadata.autoOrient
  const isAnimated = extension === 'gif' || extension === 'webp' || extension === 'avif'
  return {
    extension,
    mimetype: FORMATS[extension].mimetype,
    width,
    height: metadata.pageHeight ?? height,
    frames: isAnimated ? (metadata.pages ?? 1) : 1,
    orientation: metadata.orientation ?? 1,
    hasAlpha: metadata.hasAlpha,
  }
}

function checkLimits({ width, height, frames }: ImageFacts, limits: ImageLimits) {
  if (width <= 0 || height <= 0) {
    throw new ImagingError('E_IMAGE_CORRUPT', 'The image has no size')
  }
  const pixels = width * height
  if (pixels > limits.pixels) {
    throw new ImagingError(
      'E_IMAGE_TOO_LARGE',
      `The image has ${width} × ${height} pixels; ${limits.pixels} are the most`
    )
  }
  if (frames > limits.frames || pixels * frames > limits.animatedPixels) {
    throw new ImagingError('E_IMAGE_TOO_LARGE', `The animation has too many frames (${frames})`)
  }
}
