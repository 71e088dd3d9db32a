import { z } from 'zod'
import { defineEvent, type EventsOf } from '../event_definition.ts'
import { count, entityId, personalText } from '../values.ts'

export const accountRole = z.enum(['admin', 'user'])
export type AccountRole = z.infer<typeof accountRole>

/** How an account came to be: the first administrator, an open registration, or made by an administrator. */
export const accountOrigin = z.enum(['setup', 'registration', 'admin'])

const accountId = { account_id: entityId }

export const accountRegistered = defineEvent('account.registered', {
  schemaVersion: 1,
  schema: z.strictObject({
    ...accountId,
    email: personalText(254),
    name: personalText(120),
    role: accountRole,
    group_id: entityId,
    capacity_bytes: count,
    email_verified: z.boolean(),
    origin: accountOrigin,
  }),
  personal: { fields: ['email', 'name'], subject: (data) => data.account_id },
})

export const accountNameChanged = defineEvent('account.name_changed', {
  schemaVersion: 1,
  schema: z.strictObject({ ...accountId, name: personalText(120) }),
  personal: { fields: ['name'], subject: (data) => data.account_id },
})

export const accountSettingsChanged = defineEvent('account.settings_changed', {
  schemaVersion: 1,
  schema: z.strictObject({
    ...accountId,
    settings: z.record(z.string(), z.json()).nullable(),
  }),
  personal: { fields: ['settings'], subject: (data) => data.account_id },
})

export const accountPasswordChanged = defineEvent('account.password_changed', {
  schemaVersion: 1,
  schema: z.strictObject(accountId),
})

export const accountSignedIn = defineEvent('account.signed_in', {
  schemaVersion: 1,
  schema: z.strictObject(accountId),
})

export const accountSignInFailed = defineEvent('account.sign_in_failed', {
  schemaVersion: 1,
  schema: z.strictObject({ ...accountId, reason: z.enum(['password', 'frozen']) }),
})

export const accountSignedOut = defineEvent('account.signed_out', {
  schemaVersion: 1,
  schema: z.strictObject(accountId),
})

export const accountSessionRevoked = defineEvent('account.session_revoked', {
  schemaVersion: 1,
  schema: z.strictObject({ ...accountId, reason: z.enum(['refresh_token_reused']) }),
})

export const accountEvents = [
  accountRegistered,
  accountNameChanged,
  accountSettingsChanged,
  accountPasswordChanged,
  accountSignedIn,
  accountSignInFailed,
  accountSignedOut,
  accountSessionRevoked,
] as const
export type AccountEvent = EventsOf<typeof accountEvents>
