import { z } from 'zod'
import { defineEvent, type EventsOf } from '../event_definition.ts'
import { entityId, personalText } from '../values.ts'

/** What a person calls it, `null` once that person was forgotten. */
const words = {
  name: z.string().min(1).max(120).nullable(),
  intro: personalText(1000),
}

export const albumCreated = defineEvent('album.created', {
  schemaVersion: 1,
  schema: z.strictObject({ album_id: entityId, owner_id: entityId, ...words }),
  personal: { fields: ['name', 'intro'], subject: (data) => data.owner_id },
})

export const albumChanged = defineEvent('album.changed', {
  schemaVersion: 2,
  // The owner is not known of those that were recorded first.
  schema: z.strictObject({ album_id: entityId, owner_id: entityId.nullable(), ...words }),
  personal: { fields: ['name', 'intro'], subject: (data) => data.owner_id },
})

export const albumDeleted = defineEvent('album.deleted', {
  schemaVersion: 1,
  schema: z.strictObject({ album_id: entityId, owner_id: entityId }),
})

export const albumEvents = [albumCreated, albumChanged, albumDeleted] as const
export type AlbumEvent = EventsOf<typeof albumEvents>
