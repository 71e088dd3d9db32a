import sharp from 'sharp'
import { readBmpSize, type PixelSize } from './bitmap_headers.ts'
import type { ByteReader } from './byte_reader.ts'
import { ImagingError, tooLarge } from './errors.ts'
import { FORMATS, SNIFF_BYTES, sniffFormat, type ImageExtension } from './formats.ts'
import { readGifBlocks } from './gif_blocks.ts'
import { contentOf, readBoxes, readPictureSizes } from './heif_boxes.ts'
import { readIconSize } from './icon_pictures.ts'
import { readImage, type ImageSource } from './image_source.ts'
import { readPlainJpegSize } from './jpeg_header.ts'
import { checkLimits, DEFAULT_LIMITS, type ImageLimits } from './limits.ts'
import { checkStructure } from './strip_metadata.ts'
import { checkTiffData } from './strip_tiff.ts'
import { readTiffDirectories } from './tiff_directories.ts'
import { readWebpChunks } from './webp_chunks.ts'

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
}

/**
 * What a file is by its first bytes.
 *
 * @throws ImagingError E_NOT_AN_IMAGE, E_IMAGE_TOO_LARGE for an SVG of too many bytes
 */
export function identifyImage(
  source: ImageSource,
  limits: ImageLimits = DEFAULT_LIMITS
): Promise<ImageExtension> {
  return readImage(source, async (reader) => {
    const extension = sniffFormat(await reader.bytes(0, Math.min(SNIFF_BYTES, reader.size)))
    if (extension === null) {
      throw new ImagingError(
        'E_NOT_AN_IMAGE',
        'The file is not an image of a format that is accepted'
      )
    }
    if (extension === 'svg' && reader.size > limits.svgBytes) {
      throw tooLarge(`An SVG may have ${limits.svgBytes} bytes at most`)
    }
    return extension
  })
}

/** Formats made of pixels; an SVG is cleaned and drawn to know it. */
export type BitmapExtension = Exclude<ImageExtension, 'svg'>

/**
 * Reads what a file is from its header and its outline; pixels are not decoded, and what would keep libraries busy is
 * found before they see it, so that a small file that claims to be huge costs nothing.
 *
 * @throws ImagingError E_IMAGE_UNSUPPORTED, E_IMAGE_TOO_LARGE, E_IMAGE_CORRUPT
 */
export function inspectImage(
  source: ImageSource,
  extension: BitmapExtension,
  limits: ImageLimits = DEFAULT_LIMITS
): Promise<ImageFacts> {
  return readImage(source, async (reader) => {
    const known = await readOutline(reader, extension, limits)
    await checkStructure(reader, extension)
    checkLimits(known, limits)
    const plain = await readPlainSize(reader, extension, known)
    const facts =
      plain === null
        ? await readWithSharp(source, extension)
        : { extension, mimetype: FORMATS[extension].mimetype, orientation: 1, ...plain }
    checkLimits(facts, limits)
    return facts
  })
}

type Outline = PixelSize & { frames: number }

/** What the outline of a file tells by itself; a size of 1 × 1 where it does not tell the size. */
async function readOutline(
  reader: ByteReader,
  extension: BitmapExtension,
  limits: ImageLimits
): Promise<Outline> {
  const still = { width: 1, height: 1, frames: 1 }
  switch (extension) {
    case 'bmp':
      return {
        ...readBmpSize(await reader.bytes(0, Math.min(64, reader.size)), reader.size),
        frames: 1,
      }
    case 'ico':
      return { ...(await readIconSize(reader)), frames: 1 }
    case 'gif':
      return { ...still, frames: (await readGifBlocks(reader, limits)).frames }
    case 'webp':
      return { ...still, frames: (await readWebpChunks(reader)).frames }
    case 'tif':
      await checkTiffData(reader, await readTiffDirectories(reader, limits))
      return still
    case 'avif':
    case 'heic':
      requireReadable(extension)
      return { ...(await largestPicture(reader)), frames: 1 }
    default:
      return still
  }
}

/** The size of an upright image that needs no library to tell it; `null` for others. */
async function readPlainSize(
  reader: ByteReader,
  extension: BitmapExtension,
  outline: Outline
): Promise<Outline | null> {
  if (extension === 'jpg') {
    const size = await readPlainJpegSize(reader)
    return size && { ...size, frames: 1 }
  }
  return extension === 'bmp' || extension === 'ico' ? outline : null
}

/** Whether AVIF or HEIC can be read depends on how libvips was built. */
function requireReadable(extension: 'avif' | 'heic') {
  if (!sharp.format.heif.input.fileSuffix?.includes(`.${extension}`)) {
    throw new ImagingError(
      'E_IMAGE_UNSUPPORTED',
      `${extension.toUpperCase()} images cannot be read by this server`
    )
  }
}

async function largestPicture(reader: ByteReader): Promise<PixelSize> {
  const boxes = await readBoxes(reader, { from: 0, to: reader.size }, { isTop: true })
  const meta = boxes.find(({ type }) => type === 'meta')
  const sizes =
    meta === undefined
      ? []
      : await readPictureSizes(reader, await readBoxes(reader, contentOf(meta)))
  return sizes.reduce(
    (largest, size) => (size.width * size.height > largest.width * largest.height ? size : largest),
    { width: 1, height: 1 }
  )
}

async function readWithSharp(source: ImageSource, extension: ImageExtension): Promise<ImageFacts> {
  const metadata = await sharp(source, { limitInputPixels: false })
    .metadata()
    .catch((error: unknown) => {
      throw new ImagingError('E_IMAGE_CORRUPT', 'The image is damaged', { cause: error })
    })
  // In AVIF and HEIC the picture itself says how it is turned; what EXIF says there is for no one.
  const isTurned = extension !== 'avif' && extension !== 'heic'
  const { width, height } = isTurned ? metadata.autoOrient : metadata
  const isAnimated = extension === 'gif' || extension === 'webp' || extension === 'avif'
  return {
    extension,
    mimetype: FORMATS[extension].mimetype,
    width,
    height: metadata.pageHeight ?? height,
    frames: isAnimated ? (metadata.pages ?? 1) : 1,
    orientation: isTurned ? (metadata.orientation ?? 1) : 1,
  }
}
