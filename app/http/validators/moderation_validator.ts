import vine from '@vinejs/vine'
import { id, text } from './fields.ts'
import { moment } from './moments.ts'
import { pageFields } from './page_validator.ts'

const MOST_AT_ONCE = 200

const ids = () => vine.array(id()).minLength(1).maxLength(MOST_AT_ONCE).distinct()

export const rejectImageValidator = vine.create({ reason: text(1000).nullable().optional() })

export const approveImagesValidator = vine.create({ ids: ids() })

export const rejectImagesValidator = vine.create({
  ids: ids(),
  reason: text(1000).nullable().optional(),
})

export const listAdministeredImagesValidator = vine.create({
  ...pageFields,
  cursor: vine.string().maxLength(200).optional(),
  keyword: text(255).optional(),
  email: text(254).optional(),
  extension: vine
    .string()
    .regex(/^[A-Za-z0-9]{2,5}$/)
    .optional(),
  moderation_status: vine.enum(['approved', 'pending', 'rejected'] as const).optional(),
  date_from: moment('start').optional(),
  date_to: moment('end').optional(),
})
