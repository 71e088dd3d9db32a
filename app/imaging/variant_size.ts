import type { PixelSize } from './bitmap_headers.ts'
import type { VariantFit, VariantOptions } from './variant_options.ts'

/** The box that an image is put into, and how: `fill` where it has the image's ratio already. */
export interface VariantSize extends PixelSize {
  fit: Exclude<VariantFit, 'inside'> | 'fill'
}

/** A box around an image may be mostly padding: it is bounded by itself. */
const MOST_PADDED_PIXELS = 16_000_000

/**
 * The size of a variant. An image is never enlarged: a box that would ask for it shrinks and keeps its own ratio. With
 * one side given the other follows.
 */
export function variantSize(
  image: PixelSize,
  { width, height, fit }: Pick<VariantOptions, 'width' | 'height' | 'fit'>
): VariantSize {
  if (fit === 'inside' || width === null || height === null) {
    const scale = Math.min(
      1,
      (width ?? image.width) / image.width,
      (height ?? image.height) / image.height
    )
    return { ...scaled(image, scale), fit: 'fill' }
  }
  const across = image.width / width
  const down = image.height / height
  if (fit === 'cover') {
    return { ...scaled({ width, height }, Math.min(1, across, down)), fit }
  }
  const padding = Math.sqrt(MOST_PADDED_PIXELS / (width * height))
  return { ...scaled({ width, height }, Math.min(1, Math.max(across, down), padding)), fit }
}

function scaled({ width, height }: PixelSize, scale: number): PixelSize {
  return {
    width: Math.max(1, Math.round(width * scale)),
    height: Math.max(1, Math.round(height * scale)),
  }
}
