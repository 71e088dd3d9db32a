import vine from '@vinejs/vine'
import { accountRole } from '#domain/account/events'
import { byteCount, email, id, name, newPassword, text } from './fields.ts'
import { pageFields } from './page_validator.ts'

export const listUsersValidator = vine.create({
  ...pageFields,
  keyword: text(255).optional(),
  status: vine
    .enum(['0', '1'] as const)
    .transform(Number)
    .optional(),
})

/** What an administrator may change of an account; what is left out stays. */
export const updateUserValidator = vine.create({
  name: name(120).optional(),
  email: email().optional(),
  role: vine.enum(accountRole.options).optional(),
  group_id: id().optional(),
  capacity_bytes: byteCount().optional(),
  status: vine.enum([0, 1] as const).optional(),
  password: newPassword().optional(),
})
