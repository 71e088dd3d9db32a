import env from '#start/env'

const MEGABYTE = 1024 * 1024

/** What variants may cost. */
export const variantLimits = {
  /** On disk, all together. */
  cacheBytes: env.get('VARIANT_CACHE_MB', 1024) * MEGABYTE,
  variantsAnImage: env.get('VARIANTS_PER_IMAGE', 100),
  /** How many may wait to be made, in each process. */
  waiting: env.get('VARIANT_QUEUE', 64),
}
