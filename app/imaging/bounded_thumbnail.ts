import { formatOf, makeThumbnail, type MadeThumbnail } from './thumbnail.ts'
import type { Budget } from './workshop/tasks.ts'
import type { Workshop } from './workshop/workshop.ts'

/** More than a drawing may cost when it is uploaded, which shows that it can be drawn. */
const BUDGET: Budget = { cpuSeconds: 2, bytes: 300 * 1024 * 1024, seconds: 30 }

/**
 * The thumbnail of an image, a path or bytes. One of a drawing is made in the workshop: how much work an SVG is nobody can
 * tell, and the library that draws it cannot be stopped from within.
 *
 * @throws ImagingBusyError when too many wait for the workshop; a try later may succeed
 * @throws ImagingError E_IMAGE_CORRUPT, E_IMAGE_TOO_SLOW, E_THUMBNAIL_UNSUPPORTED
 */
export async function thumbnailOf(
  source: string | Buffer,
  workshop: Pick<Workshop, 'run'>
): Promise<MadeThumbnail> {
  if ((await formatOf(source)) !== 'svg') {
    return makeThumbnail(source)
  }
  const { bytes, ...made } = await workshop.run('drawThumbnail', { source }, BUDGET)
  return { ...made, bytes: Buffer.from(bytes) }
}
