import { stat } from 'node:fs/promises'
import type { Sharp } from 'sharp'
import { FORMATS } from '../formats.ts'
import type { ImageFacts } from '../inspect.ts'
import { openPicture } from '../open_picture.ts'
import { writeHashed, type WrittenFile } from '../rewrite_plan.ts'
import { EXTENSIONS, type ProcessingPlan } from './plan.ts'
import { placeWatermark, type Watermark } from './place_watermark.ts'

export interface ProcessingTask {
  source: string
  target: string
  facts: ImageFacts
  plan: ProcessingPlan
  watermark: Watermark | null
  /** Whether what the file says beside its pixels is to be left behind. */
  strips: boolean
}

/** Of those that lose something, where nobody said. */
const QUALITIES = { jpeg: 90, webp: 85, avif: 60 } as const
/** AVIF costs more than all others: somebody waits for it. */
const AVIF_EFFORT = 2

/**
 * Decodes an image and writes it to `target` as planned: upright, colour profile kept. Answers `null`, with nothing
 * written, where that makes the file no smaller and nothing else was asked for.
 */
export async function processImage({
  source,
  target,
  facts,
  plan,
  watermark,
  strips,
}: ProcessingTask): Promise<{ facts: ImageFacts; written: WrittenFile } | null> {
  const isAnimated = facts.frames > 1
  const opened = await openPicture(source, facts.extension, { animated: isAnimated })
  const upright = isAnimated ? opened : opened.autoOrient()
  const marked = watermark === null ? upright : await placeWatermark(upright, facts, watermark)
  const { space } = await opened.metadata()
  const described = withNotes(marked, { strips, space })
  const { data, info } = await encode(described, plan).toBuffer({ resolveWithObject: true })
  if (plan.onlyToShrink && data.length >= (await stat(source)).size) {
    return null
  }
  const extension = EXTENSIONS[plan.format]
  return {
    facts: {
      extension,
      mimetype: FORMATS[extension].mimetype,
      width: info.width,
      height: info.pageHeight ?? info.height,
      frames: info.pages ?? 1,
      orientation: 1,
    },
    written: await writeHashed(target, [data]),
  }
}

/** Colours of print are converted, for the other formats have none; their profile would be wrong then. */
function withNotes(picture: Sharp, { strips, space }: { strips: boolean; space: string }): Sharp {
  if (!strips) {
    return picture.keepMetadata()
  }
  return space === 'cmyk' ? picture : picture.keepIccProfile()
}

function encode(picture: Sharp, { format, quality }: ProcessingPlan): Sharp {
  switch (format) {
    case 'jpeg':
      return picture.flatten({ background: 'white' }).jpeg({ quality: quality ?? QUALITIES.jpeg })
    case 'webp':
      return picture.webp({ quality: quality ?? QUALITIES.webp })
    case 'avif':
      return picture.avif({ quality: quality ?? QUALITIES.avif, effort: AVIF_EFFORT })
    case 'png':
      return picture.png()
    case 'gif':
      return picture.gif()
    case 'tiff':
      return picture.tiff({ compression: 'lzw' })
  }
}
