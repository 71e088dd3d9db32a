import { z } from 'zod'
import { defineEvent, type EventsOf } from '../event_definition.ts'
import { entityId, permission, personalText } from '../values.ts'

/** Longer addresses are not taken. */
export const LONGEST_URL = 2048

/** What was asked for beside the image; `null` for what the uploader's settings say. */
const importWishes = z.strictObject({
  album_id: entityId.nullable(),
  permission: permission.nullable(),
  expires_in: z.string().max(20).nullable(),
  strategy_id: entityId.nullable(),
})
export type ImportWishes = z.infer<typeof importWishes>

/**
 * Somebody asked for an image to be fetched. The import has the id that its image will have, so that however often it is
 * run it makes one.
 */
export const imageImportRequested = defineEvent('image_import.requested', {
  schemaVersion: 1,
  schema: z.strictObject({
    import_id: entityId,
    owner_id: entityId,
    url: personalText(LONGEST_URL),
    wishes: importWishes,
  }),
  personal: { fields: ['url'], subject: (data) => data.owner_id },
})

export const imageImportCompleted = defineEvent('image_import.completed', {
  schemaVersion: 1,
  schema: z.strictObject({ import_id: entityId, key: z.string().regex(/^[a-z0-9]{6,32}$/) }),
})

/** Nothing was fetched, or what was fetched could not be taken. The code says why; sentences could name the address. */
export const imageImportFailed = defineEvent('image_import.failed', {
  schemaVersion: 1,
  schema: z.strictObject({ import_id: entityId, code: z.string().regex(/^E_[A-Z_]{1,60}$/) }),
})

export const imageImportEvents = [
  imageImportRequested,
  imageImportCompleted,
  imageImportFailed,
] as const
export type ImageImportEvent = EventsOf<typeof imageImportEvents>
