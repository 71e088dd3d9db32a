import type { HttpContext } from '@adonisjs/core/http'
import { appUrl, configuredUrl } from '#config/app'
import { findSiteSettings } from '#read_models/site_settings_queries'

const HOST = /^(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\])(?::\d{1,5})?$/i

/**
 * What links in answers start with, without a trailing slash: the site's setting, else what the environment names, else
 * the address that the client itself has used.
 */
export async function siteUrl({ request, auth }: HttpContext): Promise<string> {
  const { app_url: chosen } = await findSiteSettings(auth?.user?.moment.everybody)
  if (chosen !== '') {
    return chosen.replace(/\/+$/, '')
  }
  const host = request.host() ?? ''
  return configuredUrl ?? (HOST.test(host) ? `${request.protocol()}://${host}` : appUrl)
}
