import type { Json } from '../event_definition.ts'
import type { SiteEvent } from './events.ts'
import { DEFAULT_GROUP_ID, GUEST_GROUP_ID } from './initial_site.ts'

export interface Site {
  /** The settings that were ever changed, each with its last value. */
  settings: Record<string, Json>
  defaultGroupId: number
  guestGroupId: number
}

export const INITIAL_SITE: Site = {
  settings: {},
  defaultGroupId: DEFAULT_GROUP_ID,
  guestGroupId: GUEST_GROUP_ID,
}

/** The site after one more event; `null` stands for a site that nothing was changed of. */
export function evolveSite(site: Site | null, event: SiteEvent): Site {
  const present = site ?? INITIAL_SITE
  switch (event.type) {
    case 'site.settings_changed':
      return { ...present, settings: { ...present.settings, ...event.data.changes } }
    case 'site.default_group_changed':
      return { ...present, defaultGroupId: event.data.to }
    case 'site.guest_group_changed':
      return { ...present, guestGroupId: event.data.to }
  }
}
