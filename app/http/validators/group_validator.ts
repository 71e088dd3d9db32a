import vine from '@vinejs/vine'
import { DEFAULT_EXTENSIONS } from '#read_models/upload_rules'
import { SAVE_FORMATS } from '#read_models/user_settings'
import { byteCount, flag, id, integer, name, text } from './fields.ts'
import { watermarkFields } from './settings_validator.ts'

const MOST_UPLOADS = 1_000_000_000
const MOST_STRATEGIES = 100

/** Plain path characters, and the placeholders that are filled in for each image. */
const NAMING_RULE =
  /^(?:[A-Za-z0-9._/-]|\{(?:Y|y|m|d|timestamp|uniqid|md5|md5-16|str-random-16|str-random-10|uid)\})*$/

const namingRule = () => text(255).regex(NAMING_RULE).notIn(['.', '..']).use(isWithoutDots())

const isWithoutDots = vine.createRule((value, _options, field) => {
  if (typeof value === 'string' && value.split('/').some((part) => /^\.+$/.test(part))) {
    field.report('The {{ field }} field must not have parts of dots only', 'namingRule', field)
  }
})

const uploads = () => integer(0, MOST_UPLOADS).nullable().optional()

const configFields = {
  maximum_file_size: byteCount().nullable().optional(),
  accepted_extensions: vine
    .array(vine.enum(DEFAULT_EXTENSIONS))
    .maxLength(DEFAULT_EXTENSIONS.length)
    .distinct()
    .nullable()
    .optional(),
  default_strategy_id: id().nullable().optional(),
  limit_per_minute: uploads(),
  limit_per_hour: uploads(),
  limit_per_day: uploads(),
  limit_per_month: uploads(),
  user_capacity_bytes: byteCount().nullable().optional(),
  path_naming_rule: namingRule().nullable().optional(),
  file_naming_rule: namingRule().nullable().optional(),
  image_save_quality: integer(1, 100).nullable().optional(),
  image_save_format: vine.enum(SAVE_FORMATS).nullable().optional(),
  is_strip_exif: flag().nullable().optional(),
  is_enable_watermark: flag().nullable().optional(),
  watermark_configs: vine.object(watermarkFields).nullable().optional(),
}

const configs = vine.object(configFields)

/** What belongs within `configs`. */
export const GROUP_CONFIG_NAMES: readonly string[] = Object.keys(configFields)

export const createGroupValidator = vine.create({
  name: name(120),
  is_default: flag().optional(),
  is_guest: flag().optional(),
  configs: configs.clone().optional(),
  strategy_ids: vine.array(id()).maxLength(MOST_STRATEGIES).distinct().optional(),
})

export const updateGroupValidator = vine.create({
  name: name(120).optional(),
  is_default: flag().optional(),
  is_guest: flag().optional(),
  configs: configs.clone().optional(),
})

export const groupStrategiesValidator = vine.create({
  strategy_ids: vine.array(id()).maxLength(MOST_STRATEGIES).distinct(),
})
