import vine from '@vinejs/vine'
import { name } from './fields.ts'

export const TOKEN_LIFETIMES = ['24h', '30d', '90d', '1y', 'never'] as const

export const createApiTokenValidator = vine.create({
  name: name(120),
  scopes: vine
    .array(vine.enum(['read', 'write'] as const))
    .maxLength(10)
    .optional(),
  expires_in: vine.enum(TOKEN_LIFETIMES).optional(),
})
