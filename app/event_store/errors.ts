import type { ExpectedVersion } from './port.ts'

export type EventStoreErrorCode =
  | 'E_VERSION_CONFLICT'
  | 'E_CLAIM_TAKEN'
  | 'E_BUDGET_EXCEEDED'
  | 'E_COMMAND_ID_REUSED'
  | 'E_DUPLICATE_EVENT_ID'
  | 'E_UNKNOWN_EVENT_TYPE'
  | 'E_INVALID_EVENT'
  | 'E_EVENT_STORE_UNAVAILABLE'
  | 'E_LOG_ELSEWHERE'
  | 'E_ARCHIVE_UNREADABLE'

/** What every error of the event store is; `code` tells which. */
export abstract class EventStoreError extends Error {
  abstract readonly code: EventStoreErrorCode
}

/** The stream is not at the version that the decision was based on. `actual` is 0 for a stream that does not exist. */
export class VersionConflictError extends EventStoreError {
  override name = 'VersionConflictError'
  readonly code = 'E_VERSION_CONFLICT'
  readonly stream: string
  readonly expected: ExpectedVersion
  readonly actual: number

  constructor(stream: string, expected: ExpectedVersion, actual: number) {
    super(`Stream "${stream}" is at version ${actual}, expected ${expected}`)
    this.stream = stream
    this.expected = expected
    this.actual = actual
  }
}

/** Another stream holds the value. The value itself stays out of the message: it may be personal. */
export class ClaimTakenError extends EventStoreError {
  override name = 'ClaimTakenError'
  readonly code = 'E_CLAIM_TAKEN'
  readonly scope: string

  constructor(scope: string) {
    super(`The value is taken in "${scope}"`)
    this.scope = scope
  }
}

export class BudgetExceededError extends EventStoreError {
  override name = 'BudgetExceededError'
  readonly code = 'E_BUDGET_EXCEEDED'
  readonly scope: string
  readonly limit: number
  readonly used: number
  readonly requested: number

  constructor(scope: string, limit: number, used: number, requested: number) {
    super(`Budget "${scope}" holds ${used} of ${limit}; ${requested} more do not fit`)
    this.scope = scope
    this.limit = limit
    this.used = used
    this.requested = requested
  }
}

/** The command id was used before with another body. */
export class CommandIdReusedError extends EventStoreError {
  override name = 'CommandIdReusedError'
  readonly code = 'E_COMMAND_ID_REUSED'
  readonly commandId: string

  constructor(commandId: string) {
    super(`Command id "${commandId}" was used with another body`)
    this.commandId = commandId
  }
}

/** An event with this id is in the log already. */
export class DuplicateEventIdError extends EventStoreError {
  override name = 'DuplicateEventIdError'
  readonly code = 'E_DUPLICATE_EVENT_ID'
  readonly eventId: string

  constructor(eventId: string) {
    super(`Event "${eventId}" is recorded already`)
    this.eventId = eventId
  }
}

/** The type, or the version of its shape, is not in the catalogue. */
export class UnknownEventTypeError extends EventStoreError {
  override name = 'UnknownEventTypeError'
  readonly code = 'E_UNKNOWN_EVENT_TYPE'

  constructor(type: string, schemaVersion?: number) {
    super(
      schemaVersion === undefined
        ? `Event type "${type}" is not in the catalogue`
        : `Event type "${type}" has no version ${schemaVersion} that can be read`
    )
  }
}

/** The payload does not meet the schema of its type, or the append is malformed. */
export class InvalidEventError extends EventStoreError {
  override name = 'InvalidEventError'
  readonly code = 'E_INVALID_EVENT'
}

/** The store cannot be reached or went away in mid-call: whether the append was written is not known. */
export class EventStoreUnavailableError extends EventStoreError {
  override name = 'EventStoreUnavailableError'
  readonly code = 'E_EVENT_STORE_UNAVAILABLE'
}

/** The file of an archived part of the log is gone, cannot be reached, or is not what was written. */
export class ArchiveUnreadableError extends EventStoreError {
  override name = 'ArchiveUnreadableError'
  readonly code = 'E_ARCHIVE_UNREADABLE'
  /** Where it lies, or should. */
  readonly file: string

  constructor(file: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.file = file
  }
}
