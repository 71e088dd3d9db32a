import type { RenderOptions } from '#imaging/variant'
import type { VariantFormat, VariantOptions } from '#imaging/variant_options'

/** Formats that a variant keeps when none is asked for; others are not shown by every browser. */
const OWN_FORMATS: Readonly<Record<string, VariantFormat>> = {
  jpg: 'jpeg',
  png: 'png',
  webp: 'webp',
  avif: 'avif',
}

/** AVIF is worth its price for small pictures only. */
const MOST_AVIF_PIXELS = 2_000_000

/** The format of a variant: the one that is asked for, the best that the client says it takes, or the image's own. */
export function variantFormat(
  image: { extension: string; frames: number; pixels: number },
  asked: VariantOptions['format'],
  accept: string | undefined
): RenderOptions['format'] {
  if (asked !== null && asked !== 'auto') {
    return asked
  }
  const own = OWN_FORMATS[image.extension] ?? 'plain'
  if (asked === null) {
    return own
  }
  const taken = typesOf(accept)
  // Frames survive in WebP only.
  if (taken.has('image/avif') && image.frames === 1 && image.pixels <= MOST_AVIF_PIXELS) {
    return 'avif'
  }
  if (taken.has('image/webp')) {
    return 'webp'
  }
  return own === 'webp' || own === 'avif' ? 'plain' : own
}

/** The types that are named; that a client takes anything does not say what it can show. */
function typesOf(accept = ''): Set<string> {
  const types = accept.split(',').map((range) => {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase())
    return parameters.some((parameter) => /^q=0(?:\.0*)?$/.test(parameter)) ? '' : type
  })
  return new Set(types)
}
