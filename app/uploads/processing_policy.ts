import {
  DEFAULT_USER_SETTINGS,
  type ImageProcessing,
  type ImageProcessingChange,
  type WatermarkConfigs,
} from '#read_models/user_settings'

/** What is done to an image when it is uploaded. */
export interface ProcessingPolicy {
  /** Whether metadata is taken out. */
  strips: boolean
  format: ImageProcessing['image_save_format']
  /** `null` where nobody said. */
  quality: number | null
  watermark: WatermarkConfigs | null
}

/** Nothing is done but what safety asks for. */
const UNTOUCHED: ProcessingPolicy = {
  strips: false,
  format: 'origin',
  quality: null,
  watermark: null,
}

/**
 * What holds for an upload: each setting is the user's where they said something and may, else the group's, else the
 * site's, which is to take metadata out and leave pixels alone.
 */
export function processingPolicy(
  site: { skip_image_processing: boolean; allow_user_image_processing: boolean },
  group: ImageProcessingChange,
  user: ImageProcessingChange
): ProcessingPolicy {
  if (site.skip_image_processing) {
    return UNTOUCHED
  }
  const said = { ...group, ...(site.allow_user_image_processing ? user : {}) }
  const defaults = DEFAULT_USER_SETTINGS.image_processing
  const watermark = {
    ...defaults.watermark_configs,
    ...group.watermark_configs,
    ...(site.allow_user_image_processing ? user.watermark_configs : {}),
  }
  const isMarked = (said.is_enable_watermark ?? false) && watermark.text.trim() !== ''
  return {
    strips: said.is_strip_exif ?? defaults.is_strip_exif,
    format: said.image_save_format ?? defaults.image_save_format,
    quality: said.image_save_quality ?? null,
    watermark: isMarked && watermark.opacity > 0 ? watermark : null,
  }
}
