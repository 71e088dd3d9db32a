import { z } from 'zod'
import { defineEvent, type EventsOf } from '../event_definition.ts'
import { entityId } from '../values.ts'

/** A shared link was opened so many times since it was last recorded. That it exists, the image's stream says. */
export const shareViewed = defineEvent('share.viewed', {
  schemaVersion: 1,
  schema: z.strictObject({ share_id: entityId, views: z.int().positive() }),
})

export const shareEvents = [shareViewed] as const
export type ShareEvent = EventsOf<typeof shareEvents>
