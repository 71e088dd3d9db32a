import { z } from 'zod'
import { defineEvent, type EventsOf } from '../event_definition.ts'

/** Someone tried to sign in with an address that no account has; which one is not kept. */
export const visitorSignInFailed = defineEvent('visitor.sign_in_failed', {
  schemaVersion: 1,
  schema: z.strictObject({ reason: z.enum(['unknown_account']) }),
})

export const visitorEvents = [visitorSignInFailed] as const
export type VisitorEvent = EventsOf<typeof visitorEvents>
