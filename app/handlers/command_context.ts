import type { Actor, AppendRequest, EventSource } from '#event_store/port'

/** Who sends a command, from where and why. With a `commandId`, sending it again has no second effect. */
export interface CommandContext {
  actor: Actor
  correlationId: string
  /** The id of the event that led to the command. */
  causationId: string | null
  ip: string | null
  userAgent: string | null
  source: EventSource
  commandId?: string
}

export const SYSTEM_ACTOR: Actor = { kind: 'system', id: null, account_id: null }

export function metadataOf(context: CommandContext): AppendRequest['metadata'] {
  return {
    correlation_id: context.correlationId,
    causation_id: context.causationId,
    actor: context.actor,
    ip: context.ip,
    user_agent: context.userAgent,
    source: context.source,
  }
}
