import { SYSTEM_ACTOR, type CommandContext } from '#handlers/command_context'
import type { Assignment } from './queues.ts'

/** The context of a command that a job sends: caused by the event, done once under the reaction's key. */
export function jobContext(
  { reactionKey, eventId }: Assignment,
  outcome: string
): CommandContext & { commandId: string } {
  return {
    actor: SYSTEM_ACTOR,
    correlationId: eventId,
    causationId: eventId,
    ip: null,
    userAgent: null,
    source: 'worker',
    commandId: `${reactionKey}-${outcome}`,
  }
}
