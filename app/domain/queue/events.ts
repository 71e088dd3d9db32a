import { z } from 'zod'
import { defineEvent, type EventsOf } from '../event_definition.ts'

/** An administrator wants work that was given up done after all: one piece, or all that the queue has. */
export const queueRetryRequested = defineEvent('queue.retry_requested', {
  schemaVersion: 1,
  schema: z.strictObject({
    queue: z.string().regex(/^[a-z_]{1,60}$/),
    reaction: z.string().max(200).nullable(),
  }),
})

/** Work was done again on purpose, for events in a stretch of the log. */
export const queueReplayed = defineEvent('queue.replayed', {
  schemaVersion: 1,
  schema: z.strictObject({
    queue: z.string().regex(/^[a-z_]{1,60}$/),
    from_position: z.int().positive(),
    to_position: z.int().positive(),
    reactions: z.int().nonnegative(),
  }),
})

export const queueEvents = [queueRetryRequested, queueReplayed] as const
export type QueueEvent = EventsOf<typeof queueEvents>
