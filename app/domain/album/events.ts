import { z } from 'zod'
import { defineEvent, type EventsOf } from '../event_definition.ts'
import { entityId } from '../values.ts'

const name = z.string().min(1).max(120)
const intro = z.string().max(1000)

export const albumCreated = defineEvent('album.created', {
  schemaVersion: 1,
  schema: z.strictObject({ album_id: entityId, owner_id: entityId, name, intro }),
})

export const albumChanged = defineEvent('album.changed', {
  schemaVersion: 1,
  schema: z.strictObject({ album_id: entityId, name, intro }),
})

export const albumDeleted = defineEvent('album.deleted', {
  schemaVersion: 1,
  schema: z.strictObject({ album_id: entityId, owner_id: entityId }),
})

export const albumEvents = [albumCreated, albumChanged, albumDeleted] as const
export type AlbumEvent = EventsOf<typeof albumEvents>
