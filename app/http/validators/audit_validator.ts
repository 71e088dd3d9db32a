import vine from '@vinejs/vine'
import { text, wholeNumber } from './fields.ts'
import { moment } from './moments.ts'
import { pageFields } from './page_validator.ts'

export const listAuditLogsValidator = vine.create({
  ...pageFields,
  cursor: vine.string().maxLength(200).optional(),
  action: text(100).optional(),
  resource_type: text(100).optional(),
  actor_user_id: wholeNumber(1, Number.MAX_SAFE_INTEGER).optional(),
  date_from: moment('start').optional(),
  date_to: moment('end').optional(),
})
