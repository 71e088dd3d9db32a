import { open } from 'node:fs/promises'
import { ByteReader } from './byte_reader.ts'
import type { ImageFacts } from './inspect.ts'
import { isUnchanged, writeParts, type Part, type WrittenFile } from './rewrite_plan.ts'
import { planJpeg } from './strip_jpeg.ts'
import { planPng } from './strip_png.ts'
import { planWebp } from './strip_webp.ts'

type Planner = (reader: ByteReader, orientation: number) => Promise<Part[]>

const PLANNERS: Partial<Record<ImageFacts['extension'], Planner>> = {
  jpg: planJpeg,
  png: planPng,
  webp: planWebp,
}

/**
 * Writes the image to `target` without its metadata, pixels untouched and orientation kept: JPEG, PNG and WebP. Answers
 * `null`, with nothing written, when there is nothing to take out or the format is another.
 *
 * @throws ImagingError E_IMAGE_CORRUPT when the file is not built as its format says
 */
export async function stripMetadata(
  source: string,
  target: string,
  facts: Pick<ImageFacts, 'extension' | 'orientation'>
): Promise<WrittenFile | null> {
  const planner = PLANNERS[facts.extension]
  if (planner === undefined) {
    return null
  }
  const file = await open(source, 'r')
  try {
    const { size } = await file.stat()
    const parts = await planner(new ByteReader(file, size), facts.orientation)
    return isUnchanged(parts, size) ? null : await writeParts(file, target, parts)
  } finally {
    await file.close()
  }
}
