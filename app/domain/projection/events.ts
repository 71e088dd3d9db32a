import { z } from 'zod'
import { defineEvent, type EventsOf } from '../event_definition.ts'
import { count } from '../values.ts'

/** What a read model is called. */
const projection = z.string().regex(/^[a-z_]{1,60}$/)

/** An administrator wants a read model built anew. With `gate` it does not serve when rows differ; `dry_run` compares only. */
export const projectionRebuildRequested = defineEvent('projection.rebuild_requested', {
  schemaVersion: 1,
  schema: z.strictObject({ projection, gate: z.boolean(), dry_run: z.boolean() }),
})

/** It was built and compared; `differing_rows` is `null` when another version served until then. */
export const projectionRebuilt = defineEvent('projection.rebuilt', {
  schemaVersion: 1,
  schema: z.strictObject({
    projection,
    position: count,
    differing_rows: count.nullable(),
    switched: z.boolean(),
  }),
})

export const projectionRebuildFailed = defineEvent('projection.rebuild_failed', {
  schemaVersion: 1,
  schema: z.strictObject({ projection }),
})

/** An administrator wants parked events folded again: those of one stream, or all. */
export const projectionRetryRequested = defineEvent('projection.retry_requested', {
  schemaVersion: 1,
  schema: z.strictObject({ projection, stream: z.string().max(200).nullable() }),
})

export const projectionEvents = [
  projectionRebuildRequested,
  projectionRebuilt,
  projectionRebuildFailed,
  projectionRetryRequested,
] as const
export type ProjectionEvent = EventsOf<typeof projectionEvents>
