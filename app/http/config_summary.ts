import { mailIsConfigured } from '#config/mail'
import { apiRequestsPerMinute, limitsRates } from '#config/rate_limits'
import { findSiteSettings } from '#read_models/site_settings_queries'
import env from '#start/env'

/** How the site is configured. Of secrets, and of addresses that hold some, only whether they are set. */
export async function configSummary(baseUrl: string) {
  const settings = await findSiteSettings()
  return {
    base_url: baseUrl,
    environment: env.get('NODE_ENV'),
    log_level: env.get('LOG_LEVEL', 'info'),
    trusted_proxies: env.get('TRUSTED_PROXIES', ''),
    sendfile: env.get('SENDFILE', 'off'),
    rate_limits: limitsRates,
    api_rate_limit: apiRequestsPerMinute,
    mail_configured: mailIsConfigured(),
    metrics_protected: Boolean(env.get('METRICS_TOKEN')),
    allow_registration: settings.allow_registration,
    allow_guest_upload: settings.allow_guest_upload,
    require_email_verification: settings.require_email_verification,
    moderation_mode: settings.moderation_mode,
    audit_log_retention_days: settings.audit_log_retention_days,
  }
}
