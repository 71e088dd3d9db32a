import { appUrl } from '#config/app'
import { findSiteSettings } from '#read_models/site_settings_queries'

/** What links in answers start with, without a trailing slash: the site's setting, else what the server was started with. */
export async function siteUrl(): Promise<string> {
  const { app_url: chosen } = await findSiteSettings()
  return chosen === '' ? appUrl : chosen.replace(/\/+$/, '')
}
