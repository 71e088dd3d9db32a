export const COPY_FORMATS = ['url', 'html', 'bbcode', 'markdown', 'custom'] as const
export const SAVE_FORMATS = ['origin', 'jpeg', 'png', 'webp', 'avif'] as const
export const WATERMARK_POSITIONS = [
  'top-left',
  'top-right',
  'center',
  'bottom-left',
  'bottom-right',
] as const

export type WatermarkConfigs = {
  text: string
  position: (typeof WATERMARK_POSITIONS)[number]
  font_size: number
  /** `#rgb` or `#rrggbb`. */
  color: string
  /** 0 to 1. */
  opacity: number
}

export type ImageProcessing = {
  /** 1 to 100; at 100 nothing is encoded again for a smaller file. */
  image_save_quality: number
  image_save_format: (typeof SAVE_FORMATS)[number]
  is_strip_exif: boolean
  is_enable_watermark: boolean
  watermark_configs: WatermarkConfigs
}

/** What a person may set, all of it, with the site's defaults where nothing was set. */
export type UserSettings = {
  default_album: number | null
  default_strategy: number | null
  default_permission: 0 | 1
  default_copy_format: (typeof COPY_FORMATS)[number]
  copy_template: string
  image_processing: ImageProcessing
}

/** What was said of processing; the rest is left to others. */
export type ImageProcessingChange = Partial<Omit<ImageProcessing, 'watermark_configs'>> & {
  watermark_configs?: Partial<WatermarkConfigs>
}

/** A change of settings: what is left out stays. */
export type UserSettingsChange = Partial<Omit<UserSettings, 'image_processing'>> & {
  image_processing?: ImageProcessingChange
}

export const DEFAULT_USER_SETTINGS: UserSettings = {
  default_album: null,
  default_strategy: null,
  default_permission: 1,
  default_copy_format: 'url',
  copy_template: '',
  image_processing: {
    image_save_quality: 100,
    image_save_format: 'origin',
    is_strip_exif: true,
    is_enable_watermark: false,
    watermark_configs: {
      text: '',
      position: 'bottom-right',
      font_size: 24,
      color: '#ffffff',
      opacity: 0.5,
    },
  },
}

/** The settings after a change; stored settings are themselves a change of the defaults. */
export function changeUserSettings(
  settings: UserSettings,
  change: UserSettingsChange
): UserSettings {
  const processing = change.image_processing
  return {
    ...settings,
    ...change,
    image_processing: {
      ...settings.image_processing,
      ...processing,
      watermark_configs: {
        ...settings.image_processing.watermark_configs,
        ...processing?.watermark_configs,
      },
    },
  }
}

/** What a person has said with what they say now; what they never said is left to their group and the site. */
export function joinSettings(
  said: UserSettingsChange,
  change: UserSettingsChange
): UserSettingsChange {
  const [before, now] = [said.image_processing, change.image_processing]
  const [marked, marks] = [before?.watermark_configs, now?.watermark_configs]
  return {
    ...said,
    ...change,
    ...((before ?? now) && {
      image_processing: {
        ...before,
        ...now,
        ...((marked ?? marks) && { watermark_configs: { ...marked, ...marks } }),
      },
    }),
  }
}

/** All settings of a person, from what was stored of them: changes that were checked when they came in. */
export function userSettingsOf(stored: UserSettingsChange): UserSettings {
  return changeUserSettings(DEFAULT_USER_SETTINGS, stored)
}
