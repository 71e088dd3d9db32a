import { corrupt, tooLarge } from './errors.ts'

/** What an image may cost before it is refused. */
export interface ImageLimits {
  /** Of one frame. */
  pixels: number
  /** Of all frames together. */
  animatedPixels: number
  frames: number
  /** Of a TIFF. */
  pages: number
  /** How many times one side may be as long as the other. */
  ratio: number
  /** Bytes of an SVG. */
  svgBytes: number
}

export const DEFAULT_LIMITS: ImageLimits = {
  pixels: 100_000_000,
  animatedPixels: 500_000_000,
  frames: 2_000,
  pages: 1_000,
  ratio: 2_000,
  svgBytes: 5 * 1024 * 1024,
}

/** Parts that a file of this many bytes may be made of, whatever they are: more are made to keep us busy. */
export const MOST_PARTS = 100_000

/** @throws ImagingError E_IMAGE_TOO_LARGE, E_IMAGE_CORRUPT for an image without a size */
export function checkLimits(
  { width, height, frames }: { width: number; height: number; frames: number },
  limits: ImageLimits
) {
  if (!(width >= 1 && height >= 1)) {
    throw corrupt('The image has no size')
  }
  const pixels = width * height
  if (pixels > limits.pixels) {
    throw tooLarge(`The image has ${width} × ${height} pixels; ${limits.pixels} are the most`)
  }
  if (Math.max(width, height) > limits.ratio * Math.min(width, height)) {
    throw tooLarge(`The image has ${width} × ${height} pixels: it is too narrow`)
  }
  if (frames > limits.frames || pixels * frames > limits.animatedPixels) {
    throw tooLarge(`The animation has too many frames (${frames})`)
  }
}
