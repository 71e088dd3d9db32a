import type { ByteReader } from './byte_reader.ts'
import type { ImageExtension } from './formats.ts'
import { readImage } from './image_source.ts'
import type { ImageFacts } from './inspect.ts'
import {
  gatherParts,
  isUnchanged,
  writeParts,
  type Part,
  type WrittenFile,
} from './rewrite_plan.ts'
import { planGif } from './strip_gif.ts'
import { planHeif } from './strip_heif.ts'
import { planJpeg } from './strip_jpeg.ts'
import { planPng } from './strip_png.ts'
import { planTiff } from './strip_tiff.ts'
import { planWebp } from './strip_webp.ts'

type Planner = (reader: ByteReader, orientation: number) => Promise<Part[]>

/** Formats with a place for notes beside the pixels. */
const PLANNERS: Partial<Record<ImageExtension, Planner>> = {
  jpg: planJpeg,
  png: planPng,
  gif: planGif,
  webp: planWebp,
  tif: planTiff,
  avif: planHeif,
  heic: planHeif,
}

/**
 * Walks the file as far as stripping it would.
 *
 * @throws ImagingError E_IMAGE_CORRUPT, E_IMAGE_TOO_LARGE when it is not built as its format says
 */
export async function checkStructure(reader: ByteReader, extension: ImageExtension): Promise<void> {
  await PLANNERS[extension]?.(reader, 1)
}

/** What of an image decides how it is stripped. */
type Stripped = Pick<ImageFacts, 'extension' | 'orientation'>

/**
 * Writes the image to `target` without its metadata, pixels untouched and orientation kept. Answers `null`, with nothing
 * written, when there is nothing to take out.
 *
 * @throws ImagingError E_IMAGE_CORRUPT, E_IMAGE_TOO_LARGE when the file is not built as its format says
 */
export async function stripMetadata(
  source: string,
  target: string,
  facts: Stripped
): Promise<WrittenFile | null> {
  return readImage(source, async (reader) => {
    const parts = await planStripping(reader, facts)
    return parts && writeParts(reader, target, parts)
  })
}

/**
 * Does in memory what `stripMetadata` does with files.
 *
 * @throws ImagingError E_IMAGE_CORRUPT, E_IMAGE_TOO_LARGE when the image is not built as its format says
 */
export async function strippedBytes(bytes: Buffer, facts: Stripped): Promise<Buffer | null> {
  return readImage(bytes, async (reader) => {
    const parts = await planStripping(reader, facts)
    return parts && gatherParts(reader, parts)
  })
}

/** What stays, or `null` when all does. */
async function planStripping(
  reader: ByteReader,
  { extension, orientation }: Stripped
): Promise<Part[] | null> {
  const parts = await PLANNERS[extension]?.(reader, orientation)
  return parts === undefined || isUnchanged(parts, reader.size) ? null : parts
}
