import { readFile } from 'node:fs/promises'
import sharp from 'sharp'
import { corrupt, ImagingError } from '../errors.ts'
import { FORMATS } from '../formats.ts'
import type { ImageFacts } from '../inspect.ts'
import { checkLimits, DEFAULT_LIMITS } from '../limits.ts'
import { writeHashed, type WrittenFile } from '../rewrite_plan.ts'
import { sanitiseSvg } from './sanitise.ts'

/** Drawn as large as a thumbnail is: what can be drawn so can be shown. */
const TRIAL_SIDE = 400

/**
 * Leaves of an SVG what a picture is made of, in `target` when there was more, and draws it once. What costs too much to
 * draw must be stopped from outside.
 *
 * @throws ImagingError
 */
export async function cleanSvg({
  source,
  target,
}: {
  source: string
  target: string
}): Promise<{ facts: ImageFacts; written: WrittenFile | null }> {
  const { svg, isChanged } = sanitiseSvg(decoded(await readFile(source)))
  const bytes = Buffer.from(svg)
  const size = await measure(bytes)
  const { mimetype } = FORMATS.svg
  const facts: ImageFacts = { extension: 'svg', mimetype, ...size, frames: 1, orientation: 1 }
  checkLimits(facts, DEFAULT_LIMITS)
  await draw(bytes)
  return { facts, written: isChanged ? await writeHashed(target, [bytes]) : null }
}

function decoded(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (error) {
    throw new ImagingError('E_IMAGE_UNSUPPORTED', 'An SVG must be written in UTF-8', {
      cause: error,
    })
  }
}

async function measure(bytes: Buffer): Promise<{ width: number; height: number }> {
  try {
    const { width, height } = await sharp(bytes, { limitInputPixels: false }).metadata()
    return { width, height }
  } catch (error) {
    throw Object.assign(corrupt('The SVG cannot be drawn'), { cause: error })
  }
}

async function draw(bytes: Buffer): Promise<void> {
  try {
    await sharp(bytes, { limitInputPixels: false })
      .resize(TRIAL_SIDE, TRIAL_SIDE, { fit: 'inside', withoutEnlargement: true })
      .raw()
      .toBuffer()
  } catch (error) {
    throw Object.assign(corrupt('The SVG cannot be drawn'), { cause: error })
  }
}
