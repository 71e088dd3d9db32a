import { open } from 'node:fs/promises'
import { ByteReader } from './byte_reader.ts'
import type { ImageExtension } from './formats.ts'
import { isUnchanged, writeParts, type Part, type WrittenFile } from './rewrite_plan.ts'
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

/**
 * Writes the image to `target` without its metadata, pixels untouched and orientation kept. Answers `null`, with nothing
 * written, when there is nothing to take out.
 *
 * @throws ImagingError E_IMAGE_CORRUPT, E_IMAGE_TOO_LARGE when the file is not built as its format says
 */
export async function stripMetadata(
  source: string,
  target: string,
  { extension, orientation }: { extension: ImageExtension; orientation: number }
): Promise<WrittenFile | null> {
  const planner = PLANNERS[extension]
  if (planner === undefined) {
    return null
  }
  const file = await open(source, 'r')
  try {
    const { size } = await file.stat()
    const parts = await planner(new ByteReader(file, size), orientation)
    return isUnchanged(parts, size) ? null : await writeParts(file, target, parts)
  } finally {
    await file.close()
  }
}
