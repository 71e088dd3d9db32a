import { z } from 'zod'
import { defineEvent, type EventsOf } from '../event_definition.ts'

/** A change of site settings: the named ones take the given values, the others stay. */
export const siteSettingsChanged = defineEvent('site.settings_changed', {
  schemaVersion: 1,
  schema: z.strictObject({ changes: z.record(z.string(), z.json()) }),
})

export const siteEvents = [siteSettingsChanged] as const
export type SiteEvent = EventsOf<typeof siteEvents>
