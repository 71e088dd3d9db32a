import vine from '@vinejs/vine'
import { COPY_FORMATS, SAVE_FORMATS, WATERMARK_POSITIONS } from '#read_models/user_settings'
import { id, permission, text } from './fields.ts'

export const watermarkFields = {
  text: text(200).optional(),
  position: vine.enum(WATERMARK_POSITIONS).optional(),
  font_size: vine.number({ strict: true }).withoutDecimals().range([8, 200]).optional(),
  color: vine
    .string()
    .regex(/^#(?:[0-9a-f]{3}|[0-9a-f]{6})$/i)
    .optional(),
  opacity: vine.number({ strict: true }).range([0, 1]).optional(),
}

const imageProcessingFields = {
  image_save_quality: vine.number({ strict: true }).withoutDecimals().range([1, 100]).optional(),
  image_save_format: vine.enum(SAVE_FORMATS).optional(),
  is_strip_exif: vine.boolean({ strict: true }).optional(),
  is_enable_watermark: vine.boolean({ strict: true }).optional(),
  watermark_configs: vine.object(watermarkFields).optional(),
}

/** A person's settings; what is left out stays as it is. */
export const userSettingsFields = {
  default_album: id().nullable().optional(),
  default_strategy: id().nullable().optional(),
  default_permission: permission().optional(),
  default_copy_format: vine.enum(COPY_FORMATS).optional(),
  copy_template: text(1000).optional(),
  image_processing: vine.object(imageProcessingFields).optional(),
}
