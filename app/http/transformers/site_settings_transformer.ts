import type { SiteSettings } from '#domain/site/settings'

/** The settings as an administrator sees them. */
export function transformSiteSettings(settings: SiteSettings, mailIsReady: boolean) {
  return { ...settings, email_verification_ready: mailIsReady }
}

/** What everybody may know of the site before signing in. */
export function transformConfig(
  settings: SiteSettings,
  facts: {
    baseUrl: string
    mailIsReady: boolean
    maxUploadBytes: number
    acceptedExtensions: readonly string[]
    githubUrl: string | null
    setupRequired: boolean
  }
) {
  return {
    app_name: settings.app_name,
    site_description: settings.site_description,
    favicon_url: settings.favicon_url,
    allow_guest_upload: settings.allow_guest_upload,
    guest_capacity_bytes: settings.guest_capacity_bytes,
    allow_registration: settings.allow_registration,
    allow_user_image_processing: settings.allow_user_image_processing,
    skip_image_processing: settings.skip_image_processing,
    require_email_verification: settings.require_email_verification && facts.mailIsReady,
    base_url: facts.baseUrl,
    default_image_ttl: settings.default_image_ttl,
    guest_image_ttl: settings.guest_image_ttl,
    footer_text_1: settings.footer_text_1,
    footer_link_1: settings.footer_link_1,
    footer_text_2: settings.footer_text_2,
    footer_link_2: settings.footer_link_2,
    analytics_provider: settings.analytics_provider,
    analytics_config: settings.analytics_config,
    theme_config: settings.theme_config,
    moderation_mode: settings.moderation_mode,
    max_upload_bytes: facts.maxUploadBytes,
    accepted_extensions: facts.acceptedExtensions,
    github_url: facts.githubUrl,
    setup_required: facts.setupRequired,
    /** Signing in through others is not offered. */
    oauth_providers: [],
  }
}
