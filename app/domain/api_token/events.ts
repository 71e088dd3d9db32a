import { z } from 'zod'
import { defineEvent, type EventsOf } from '../event_definition.ts'
import { entityId, instant } from '../values.ts'

export const tokenScope = z.enum(['read', 'write'])
export type TokenScope = z.infer<typeof tokenScope>

export const apiTokenCreated = defineEvent('api_token.created', {
  schemaVersion: 1,
  schema: z.strictObject({
    token_id: entityId,
    account_id: entityId,
    name: z.string().min(1).max(120).nullable(),
    scopes: z.array(tokenScope).min(1),
    expires_at: instant.nullable(),
  }),
  personal: { fields: ['name'], subject: (data) => data.account_id },
})

export const apiTokenRevoked = defineEvent('api_token.revoked', {
  schemaVersion: 1,
  schema: z.strictObject({ token_id: entityId, account_id: entityId }),
})

export const apiTokenEvents = [apiTokenCreated, apiTokenRevoked] as const
export type ApiTokenEvent = EventsOf<typeof apiTokenEvents>
