import type { Json } from '#domain/event_definition'
import { defineProjection } from './projection.ts'
import { EVERYBODY } from './stamps.ts'

export type SiteSettingsRow = {
  id: number
  settings: { [name: string]: Json }
  updated_at: string
}

const THE_ROW = 1

/** The settings that were ever changed, each with its last value, in one row. */
export const siteSettings = defineProjection<SiteSettingsRow>({
  name: 'site_settings',
  version: 1,
  table: {
    columns: {
      id: 'smallint not null',
      settings: 'jsonb not null',
      updated_at: 'timestamptz(3) not null',
    },
    key: 'id',
    indexes: {},
  },

  keys: (event) => (event.type === 'site.settings_changed' ? [THE_ROW] : []),

  concerns: () => EVERYBODY,

  apply(rows, event) {
    if (event.type === 'site.settings_changed') {
      const settings = { ...rows.get(THE_ROW)?.settings, ...event.data.changes }
      rows.put({ id: THE_ROW, settings, updated_at: event.recordedAt })
    }
  },
})
