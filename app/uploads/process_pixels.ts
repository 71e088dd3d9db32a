import { isAnimatedPng } from '#imaging/animated_png'
import type { ImageSource } from '#imaging/image_source'
import type { ImageFacts } from '#imaging/inspect'
import { planProcessing } from '#imaging/processing/plan'
import type { Watermark } from '#imaging/processing/place_watermark'
import type { WrittenFile } from '#imaging/rewrite_plan'
import type { Watermarks } from '#imaging/watermark/watermarks'
import type { Budget } from '#imaging/workshop/tasks'
import type { Workshop } from '#imaging/workshop/workshop'
import type { WatermarkConfigs } from '#read_models/user_settings'
import type { ProcessingPolicy } from './processing_policy.ts'

export interface PixelPorts {
  workshop: Workshop
  watermarks: Watermarks
}

/** Somebody waits for it. */
const BUDGET: Budget = { cpuSeconds: 30, bytes: 1536 * 1024 * 1024, seconds: 90 }

/** An image that something may be made of. */
export interface SourceImage {
  content: ImageSource
  /** The path of a file that holds it. */
  path: () => Promise<string>
  facts: ImageFacts
  /** Answers a path for what is made of it. */
  newTarget: () => Promise<string>
}

/**
 * Makes of an image what the settings ask for, in `target`; `null` where they ask for nothing.
 *
 * @throws ImagingError, or a file system's error
 */
export async function processPixels(
  { content, path, facts, newTarget }: SourceImage,
  { format, quality, strips, watermark }: ProcessingPolicy,
  { workshop, watermarks }: PixelPorts
): Promise<{ facts: ImageFacts; written: WrittenFile; target: string } | null> {
  const plan = planProcessing(facts, { format, quality, hasWatermark: watermark !== null })
  // All but its first frame would be lost.
  if (plan === null || (facts.extension === 'png' && (await isAnimatedPng(content)))) {
    return null
  }
  const target = await newTarget()
  const made = await workshop.run(
    'processImage',
    {
      source: await path(),
      target,
      facts,
      plan,
      strips,
      watermark: watermark && (await drawn(watermark, watermarks)),
    },
    BUDGET
  )
  return made && { ...made, target }
}

async function drawn(configs: WatermarkConfigs, watermarks: Watermarks): Promise<Watermark> {
  const { text, color, opacity, position, font_size: fontSize } = configs
  return { png: await watermarks.draw({ text, fontSize, color, opacity }), position }
}
