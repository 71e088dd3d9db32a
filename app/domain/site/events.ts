import { z } from 'zod'
import { defineEvent, type EventsOf } from '../event_definition.ts'
import { entityId } from '../values.ts'

/** A change of site settings: the named ones take the given values, the others stay. */
export const siteSettingsChanged = defineEvent('site.settings_changed', {
  schemaVersion: 1,
  schema: z.strictObject({ changes: z.record(z.string(), z.json()) }),
})

const succession = z.strictObject({ from: entityId, to: entityId })

/** The group that new accounts join. The site's one stream holds it, so that there is always exactly one. */
export const siteDefaultGroupChanged = defineEvent('site.default_group_changed', {
  schemaVersion: 1,
  schema: succession,
})

/** The group whose rules hold for visitors. */
export const siteGuestGroupChanged = defineEvent('site.guest_group_changed', {
  schemaVersion: 1,
  schema: succession,
})

export const siteEvents = [
  siteSettingsChanged,
  siteDefaultGroupChanged,
  siteGuestGroupChanged,
] as const
export type SiteEvent = EventsOf<typeof siteEvents>
