import type { EventData, RecordedEvent } from '@eventstore/db-client'
import { z } from 'zod'
import { InvalidEventError } from './errors.ts'
import type { EncodedAppend } from './event_codec.ts'

/** A place in EventStoreDB's order: both of its positions. */
export interface Place {
  commit: bigint
  prepare: bigint
}

/** Before everything. */
export const START: Place = { commit: -1n, prepare: -1n }

/** An event as EventStoreDB has it, not yet given its position in our log. */
export interface CopiedEvent extends Place {
  stream: string
  version: number
  id: string
  type: string
  schemaVersion: number
  data: string
  metadata: string
  recordedAt: number
  /** What its append brought along, told with the append's first event: its size, command, claims and budgets. */
  append: AppendNote | null
}

const GUARD = z.array(z.union([z.string(), z.number(), z.null()]))

const APPEND_NOTE = z.strictObject({
  size: z.int().min(1),
  command: z.tuple([z.string(), z.string()]).nullable(),
  claims: z.array(GUARD),
  budgets: z.array(GUARD),
})

export type AppendNote = z.output<typeof APPEND_NOTE>

/** EventStoreDB keeps payload and metadata; ours, and what belongs to the append, lie in its metadata. */
const ENVELOPE = z.object({
  schema_version: z.int().min(1),
  metadata: z.record(z.string(), z.unknown()),
  recorded_at: z.int().optional(),
  append: APPEND_NOTE.optional(),
})

/** An append as it goes out; types need not be of today's catalogue, for it may come from another log. */
export interface OutgoingAppend extends Omit<EncodedAppend, 'events' | 'hasGivenIds'> {
  events: ReadonlyArray<{ id: string; type: string; schemaVersion: number; data: string }>
}

export interface MessageOptions {
  /** When it was recorded, for an event that comes from another log. */
  recordedAt?: number
}

/** What goes out for an append. The text of payload and metadata comes back as it is: it was written by JSON.stringify. */
export function messagesOf(append: OutgoingAppend, options: MessageOptions = {}): EventData[] {
  const metadata: unknown = JSON.parse(append.metadata)
  const note = appendNote(append)
  return append.events.map(({ id, type, schemaVersion, data }, index) => ({
    contentType: 'application/json',
    id,
    type,
    data: JSON.parse(data),
    metadata: {
      schema_version: schemaVersion,
      metadata,
      ...(options.recordedAt === undefined ? {} : { recorded_at: options.recordedAt }),
      ...(index === 0 ? { append: note } : {}),
    },
  }))
}

export function appendNote(append: OutgoingAppend): AppendNote {
  const { command, claims, budgets } = append
  return {
    size: append.events.length,
    command: command === null ? null : [command.id, command.fingerprint],
    claims: claims.map(({ action, scope, value }) => [action, scope, value]),
    budgets: budgets.map(({ scope, delta, limit }) => [scope, delta, limit]),
  }
}

/**
 * @throws InvalidEventError when it was written by somebody else
 */
export function readMessage(event: RecordedEvent, stream: string): CopiedEvent {
  const envelope = ENVELOPE.safeParse(event.metadata)
  const { position } = event
  if (!envelope.success || !event.isJson || position === undefined) {
    throw new InvalidEventError(
      `EventStoreDB holds an event that PicFast did not write: ${event.streamId}@${event.revision}`
    )
  }
  const { schema_version: schemaVersion, metadata, recorded_at: recordedAt, append } = envelope.data
  return {
    ...position,
    stream,
    version: Number(event.revision) + 1,
    id: event.id,
    type: event.type,
    schemaVersion,
    data: JSON.stringify(event.data),
    metadata: JSON.stringify(metadata),
    recordedAt: recordedAt ?? event.created.getTime(),
    append: append ?? null,
  }
}
