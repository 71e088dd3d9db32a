import { DEFAULT_CAPACITY_BYTES } from './initial_site.ts'

export const MODERATION_MODES = ['disabled', 'manual', 'auto'] as const
export const ANALYTICS_PROVIDERS = ['', 'plausible', 'umami', 'ga4', 'baidu', 'custom'] as const

/** What an administrator sets for the whole site. Durations are texts such as `0` (for ever), `24h` or `7d`. */
export type SiteSettings = {
  app_name: string
  /** What links start with; empty for the address that the server was started with. */
  app_url: string
  site_description: string
  favicon_url: string
  allow_guest_upload: boolean
  /** What all visitors' images may weigh together. */
  guest_capacity_bytes: number
  allow_registration: boolean
  allow_user_image_processing: boolean
  skip_image_processing: boolean
  require_email_verification: boolean
  /** What a new account's images may weigh together, where its group says nothing. */
  user_initial_capacity: number
  /** How long an image stays when its owner does not say. */
  default_image_ttl: string
  /** How long a visitor's image stays at most. */
  guest_image_ttl: string
  /** How long a deleted image can be restored; `0` not at all. */
  deleted_image_retention: string
  /** How long a deleted account can be restored before its person is forgotten; `0` not at all. */
  deleted_account_retention: string
  moderation_mode: (typeof MODERATION_MODES)[number]
  audit_upload_logs: boolean
  /** 0 for ever. */
  audit_log_retention_days: number
  footer_text_1: string
  footer_link_1: string
  footer_text_2: string
  footer_link_2: string
  analytics_provider: (typeof ANALYTICS_PROVIDERS)[number]
  analytics_config: { [name: string]: string }
  theme_config: { custom_css: string }
  /** Options of variants by name, as addresses have them: `w_300,h_200`. */
  variant_presets: { [name: string]: string }
  /** Whether variants are made by the name of a preset only. */
  variant_presets_only: boolean
}

/** What holds where nothing was set. */
export const DEFAULT_SITE_SETTINGS: SiteSettings = {
  app_name: 'PicFast',
  app_url: '',
  site_description: '',
  favicon_url: '',
  allow_guest_upload: false,
  guest_capacity_bytes: 1024 ** 3,
  allow_registration: false,
  allow_user_image_processing: true,
  skip_image_processing: false,
  require_email_verification: false,
  user_initial_capacity: DEFAULT_CAPACITY_BYTES,
  default_image_ttl: '0',
  guest_image_ttl: '0',
  deleted_image_retention: '7d',
  deleted_account_retention: '7d',
  moderation_mode: 'disabled',
  audit_upload_logs: true,
  audit_log_retention_days: 0,
  footer_text_1: '',
  footer_link_1: '',
  footer_text_2: '',
  footer_link_2: '',
  analytics_provider: '',
  analytics_config: {},
  theme_config: { custom_css: '' },
  variant_presets: {},
  variant_presets_only: false,
}
