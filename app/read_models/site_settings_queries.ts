import db from '@adonisjs/lucid/services/db'
import { DEFAULT_SITE_SETTINGS, type SiteSettings } from '#domain/site/settings'

/** How long a process may go on with what it has read: a change holds everywhere well within a second. */
const FRESH_MILLISECONDS = 250

let cached: { settings: Promise<SiteSettings>; until: number } | null = null

/** The site's settings, as they were at most a quarter of a second ago. */
export function findSiteSettings(): Promise<SiteSettings> {
  const now = performance.now()
  if (cached === null || cached.until <= now) {
    cached = { settings: readSiteSettings(), until: now + FRESH_MILLISECONDS }
    cached.settings.catch(forgetSiteSettings)
  }
  return cached.settings
}

/** Lets the next look see what was just written. */
export function forgetSiteSettings(): void {
  cached = null
}

async function readSiteSettings(): Promise<SiteSettings> {
  const row: { settings: Partial<SiteSettings> } | null = await db
    .from('read.site_settings')
    .select('settings')
    .first()
  return { ...DEFAULT_SITE_SETTINGS, ...row?.settings }
}
