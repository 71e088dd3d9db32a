import vine from '@vinejs/vine'
import { duration, integer } from './fields.ts'

/** Each view of a bounded link is an event: those who need more set no bound. */
const MOST_VIEWS = 1_000

export const shareImageValidator = vine.create({
  expires_in: duration(),
  max_views: integer(1, MOST_VIEWS).nullable().optional(),
})
