import db from '@adonisjs/lucid/services/db'
import { DEFAULT_SITE_SETTINGS, type SiteSettings } from '#domain/site/settings'

/** How long a process may go on with what it has read: a change holds everywhere well within a second. */
const FRESH_MILLISECONDS = 250

interface Cached {
  settings: Promise<SiteSettings>
  /** The stamp of everybody's rows that was read before; `undefined` when none was. */
  stamp: string | null | undefined
  until: number
}

let cached: Cached | null = null

/**
 * The site's settings, as they were at most a quarter of a second ago; where the stamp of everybody's rows was read (see
 * `app/projections/stamps.ts`), as they are since.
 */
export function findSiteSettings(stamp?: string | null): Promise<SiteSettings> {
  const now = performance.now()
  const isFresh =
    cached !== null && (stamp === undefined ? now < cached.until : stamp === cached.stamp)
  if (cached === null || !isFresh) {
    cached = { settings: readSiteSettings(), stamp, until: now + FRESH_MILLISECONDS }
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
