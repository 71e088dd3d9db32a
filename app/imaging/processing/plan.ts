import type { ImageExtension } from '../formats.ts'
import type { ImageFacts } from '../inspect.ts'

export const OUTPUT_FORMATS = ['jpeg', 'png', 'gif', 'webp', 'avif', 'tiff'] as const
export type OutputFormat = (typeof OUTPUT_FORMATS)[number]

export const EXTENSIONS: Record<OutputFormat, ImageExtension> = {
  jpeg: 'jpg',
  png: 'png',
  gif: 'gif',
  webp: 'webp',
  avif: 'avif',
  tiff: 'tif',
}

/** What is asked for beside taking metadata out. */
export interface ProcessingWishes {
  format: 'origin' | 'jpeg' | 'png' | 'webp' | 'avif'
  /** `null` where nobody said; 100 asks for no loss, so that nothing is encoded for its sake. */
  quality: number | null
  hasWatermark: boolean
}

export interface ProcessingPlan {
  format: OutputFormat
  quality: number | null
  /** It is done for a smaller file alone: one that is not smaller is not wanted. */
  onlyToShrink: boolean
}

/** What can be written as it is; the others are left alone, unless another format is asked for. */
const OWN_FORMATS: Partial<Record<ImageExtension, OutputFormat>> = {
  jpg: 'jpeg',
  png: 'png',
  gif: 'gif',
  webp: 'webp',
  avif: 'avif',
  tif: 'tiff',
}
const LOSSY: readonly OutputFormat[] = ['jpeg', 'webp', 'avif']
const ANIMATED: readonly OutputFormat[] = ['gif', 'webp']
const BEST_QUALITY = 100

/**
 * What is to be done with the pixels of an image; `null` for nothing. A drawing is never made one of pixels, an icon
 * stays one, and an animation goes on moving: it becomes a WebP where that is asked for, and keeps its format otherwise.
 */
export function planProcessing(
  { extension, frames }: Pick<ImageFacts, 'extension' | 'frames'>,
  { format: wanted, quality, hasWatermark }: ProcessingWishes
): ProcessingPlan | null {
  const own = OWN_FORMATS[extension]
  const asked = wanted === 'origin' ? own : wanted
  const format = frames > 1 && asked !== undefined && !ANIMATED.includes(asked) ? own : asked
  const isDrawn = extension === 'svg' || extension === 'ico'
  if (isDrawn || format === undefined || (frames > 1 && !ANIMATED.includes(format))) {
    return null
  }
  const isConversion = format !== own
  const shrinks = quality !== null && quality < BEST_QUALITY && LOSSY.includes(format)
  return isConversion || hasWatermark || shrinks
    ? { format, quality, onlyToShrink: !isConversion && !hasWatermark }
    : null
}
