import type { Json } from '#domain/event_definition'
import type { ImageProcessingChange } from './user_settings.ts'

const FIELDS = [
  'image_save_quality',
  'image_save_format',
  'is_strip_exif',
  'is_enable_watermark',
  'watermark_configs',
] as const

/** What a group's configuration says of processing, which was checked when it came in; `null` says nothing. */
export function groupProcessingOf(configs: Readonly<Record<string, Json>>): ImageProcessingChange {
  return Object.fromEntries(
    FIELDS.filter((field) => (configs[field] ?? null) !== null).map((field) => [
      field,
      configs[field],
    ])
  )
}
