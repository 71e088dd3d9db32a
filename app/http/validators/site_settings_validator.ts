import vine from '@vinejs/vine'
import { ANALYTICS_PROVIDERS, MODERATION_MODES } from '#domain/site/settings'
import { variantPresets } from './variant_presets.ts'
import { byteCount, flag, integer, name, optionalUrl, text, timeToLive } from './fields.ts'

/** A century. */
const LONGEST_RETENTION_DAYS = 36_500

/** The site's settings; what is left out stays. */
export const siteSettingsValidator = vine.create({
  app_name: name(120).optional(),
  app_url: optionalUrl().optional(),
  site_description: text(1000).optional(),
  favicon_url: optionalUrl().optional(),
  allow_guest_upload: flag().optional(),
  guest_capacity_bytes: byteCount().optional(),
  allow_registration: flag().optional(),
  allow_user_image_processing: flag().optional(),
  skip_image_processing: flag().optional(),
  require_email_verification: flag().optional(),
  user_initial_capacity: byteCount().optional(),
  default_image_ttl: timeToLive().optional(),
  guest_image_ttl: timeToLive().optional(),
  deleted_image_retention: timeToLive().optional(),
  deleted_account_retention: timeToLive().optional(),
  moderation_mode: vine.enum(MODERATION_MODES).optional(),
  audit_upload_logs: flag().optional(),
  audit_log_retention_days: integer(0, LONGEST_RETENTION_DAYS).optional(),
  footer_text_1: text(500).optional(),
  footer_link_1: optionalUrl().optional(),
  footer_text_2: text(500).optional(),
  footer_link_2: optionalUrl().optional(),
  analytics_provider: vine.enum(ANALYTICS_PROVIDERS).optional(),
  analytics_config: vine.record(text(4000)).optional(),
  theme_config: vine.object({ custom_css: text(100_000) }).optional(),
  variant_presets: variantPresets().optional(),
  variant_presets_only: flag().optional(),
})
