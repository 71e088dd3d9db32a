import type { EncodedAppend } from './event_codec.ts'
import {
  BudgetExceededError,
  ClaimTakenError,
  CommandIdReusedError,
  DuplicateEventIdError,
  VersionConflictError,
} from './errors.ts'
import type { AppendOutcome } from './port.ts'

/** What became of one append of a batch. */
export type AppendAnswer =
  | {
      status: 'appended' | 'repeated'
      version: number
      firstPosition: number
      lastPosition: number
    }
  | { status: 'version_conflict'; version: number }
  | { status: 'claim_taken'; scope: string }
  | { status: 'budget_exceeded'; scope: string; limit: number; used: number; requested: number }
  | { status: 'command_reused' }
  | { status: 'duplicate_event'; id: string; stream: string; version: number; position: number }

/** The outcome of an append, or the typed error that its answer stands for. */
export function settleAppend(
  append: EncodedAppend,
  answer: AppendAnswer
): PromiseSettledResult<AppendOutcome> {
  switch (answer.status) {
    case 'appended':
    case 'repeated':
      return {
        status: 'fulfilled',
        value: {
          stream: append.stream,
          version: answer.version,
          firstPosition: answer.firstPosition,
          lastPosition: answer.lastPosition,
          eventIds: answer.status === 'appended' ? append.events.map(({ id }) => id) : [],
          repeated: answer.status === 'repeated',
        },
      }
    case 'version_conflict':
      return refused(
        new VersionConflictError(append.stream, append.expectedVersion, answer.version)
      )
    case 'claim_taken':
      return refused(new ClaimTakenError(answer.scope))
    case 'budget_exceeded':
      return refused(
        new BudgetExceededError(answer.scope, answer.limit, answer.used, answer.requested)
      )
    case 'command_reused':
      return refused(new CommandIdReusedError(append.command?.id ?? ''))
    case 'duplicate_event':
      return refused(new DuplicateEventIdError(answer.id))
  }
}

function refused(reason: Error): PromiseRejectedResult {
  return { status: 'rejected', reason }
}
