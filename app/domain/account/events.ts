import { z } from 'zod'
import { defineEvent, type EventsOf } from '../event_definition.ts'
import { count, entityId, instant, personalText } from '../values.ts'

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
  schema: z.strictObject({ ...accountId, reason: z.enum(['password', 'frozen', 'unverified']) }),
})

export const accountSignedOut = defineEvent('account.signed_out', {
  schemaVersion: 1,
  schema: z.strictObject(accountId),
})

export const accountSessionRevoked = defineEvent('account.session_revoked', {
  schemaVersion: 1,
  schema: z.strictObject({ ...accountId, reason: z.enum(['refresh_token_reused']) }),
})

/** A changed address is unverified until it is confirmed. An address that was forgotten reads as `null`. */
export const accountEmailChanged = defineEvent('account.email_changed', {
  schemaVersion: 1,
  schema: z.strictObject({ ...accountId, from: personalText(254), to: personalText(254) }),
  personal: { fields: ['from', 'to'], subject: (data) => data.account_id },
})

export const accountEmailVerified = defineEvent('account.email_verified', {
  schemaVersion: 1,
  schema: z.strictObject(accountId),
})

/** A mail with a link is owed; the link's secret is drawn by who sends it and is in no event. */
export const accountVerificationRequested = defineEvent('account.verification_requested', {
  schemaVersion: 1,
  schema: z.strictObject(accountId),
})

export const accountPasswordResetRequested = defineEvent('account.password_reset_requested', {
  schemaVersion: 1,
  schema: z.strictObject(accountId),
})

/** `active` says whether the account may act: only an active administrator counts as one. */
export const accountRoleChanged = defineEvent('account.role_changed', {
  schemaVersion: 1,
  schema: z.strictObject({ ...accountId, from: accountRole, to: accountRole, active: z.boolean() }),
})

export const accountGroupChanged = defineEvent('account.group_changed', {
  schemaVersion: 1,
  schema: z.strictObject({ ...accountId, from: entityId, to: entityId }),
})

export const accountCapacityChanged = defineEvent('account.capacity_changed', {
  schemaVersion: 1,
  schema: z.strictObject({ ...accountId, from: count, to: count }),
})

export const accountFrozen = defineEvent('account.frozen', {
  schemaVersion: 1,
  schema: z.strictObject({ ...accountId, role: accountRole }),
})

export const accountUnfrozen = defineEvent('account.unfrozen', {
  schemaVersion: 1,
  schema: z.strictObject({ ...accountId, role: accountRole }),
})

export const accountDeleted = defineEvent('account.deleted', {
  schemaVersion: 1,
  schema: z.strictObject({
    ...accountId,
    email: personalText(254),
    role: accountRole,
    group_id: entityId,
    active: z.boolean(),
  }),
  personal: { fields: ['email'], subject: (data) => data.account_id },
})

/**
 * A deleted account is there again. What read models show of it is said anew, so that they need no look-up;
 * `registered_at` is when it first came to be.
 */
export const accountRestored = defineEvent('account.restored', {
  schemaVersion: 1,
  schema: z.strictObject({
    ...accountId,
    email: personalText(254),
    name: personalText(120),
    settings: z.record(z.string(), z.json()).nullable(),
    role: accountRole,
    group_id: entityId,
    capacity_bytes: count,
    email_verified: z.boolean(),
    active: z.boolean(),
    registered_at: instant,
  }),
  personal: { fields: ['email', 'name', 'settings'], subject: (data) => data.account_id },
})

/** A deleted account cannot come back: what it leaves behind goes, and the key of its person's data is erased. */
export const accountForgotten = defineEvent('account.forgotten', {
  schemaVersion: 1,
  schema: z.strictObject(accountId),
})

/** A person asked for all that the site has of them. */
export const accountExportRequested = defineEvent('account.export_requested', {
  schemaVersion: 1,
  schema: z.strictObject(accountId),
})

const archive = { strategy_id: entityId, object_key: z.string().min(1).max(512) }

export const accountExportMade = defineEvent('account.export_made', {
  schemaVersion: 1,
  schema: z.strictObject({ ...accountId, ...archive, size_bytes: count, expires_at: instant }),
})

export const accountExportFailed = defineEvent('account.export_failed', {
  schemaVersion: 1,
  schema: z.strictObject(accountId),
})

/** An archive is no longer given out, and its bytes go: it is past its time, or another was asked for. */
export const accountExportWithdrawn = defineEvent('account.export_withdrawn', {
  schemaVersion: 1,
  schema: z.strictObject({ ...accountId, ...archive }),
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
  accountEmailChanged,
  accountEmailVerified,
  accountVerificationRequested,
  accountPasswordResetRequested,
  accountRoleChanged,
  accountGroupChanged,
  accountCapacityChanged,
  accountFrozen,
  accountUnfrozen,
  accountDeleted,
  accountRestored,
  accountForgotten,
  accountExportRequested,
  accountExportMade,
  accountExportFailed,
  accountExportWithdrawn,
] as const
export type AccountEvent = EventsOf<typeof accountEvents>
