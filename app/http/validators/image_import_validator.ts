import vine from '@vinejs/vine'
import { LONGEST_URL } from '#domain/image_import/events'
import { id, permission, text, timeToLive } from './fields.ts'

export const importImageValidator = vine.create({
  url: text(LONGEST_URL).trim().minLength(1),
  album_id: id().optional(),
  permission: permission().optional(),
  expires_in: timeToLive().maxLength(20).optional(),
  strategy_id: id().optional(),
})
