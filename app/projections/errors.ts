import { tellArchiveError } from '#event_store/archive_reader'

/** What can stand in the way of a command on read models; each comes with one sentence that says so. */
export type ProjectionErrorCode =
  | 'E_UNKNOWN_PROJECTION'
  | 'E_NOT_INSTALLED'
  | 'E_REBUILD_RUNNING'
  | 'E_NOTHING_TO_ROLL_BACK'
  | 'E_SWITCH_BLOCKED'
  | 'E_MOMENT_UNKNOWN'
  | 'E_REPLAY_EXISTS'

export class ProjectionError extends Error {
  override name = 'ProjectionError'
  readonly code: ProjectionErrorCode

  constructor(code: ProjectionErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** Tells why a command could not do its work, without a stack; false when that is not what ended it. */
export function tellProjectionError(command: {
  error?: unknown
  logger: { error(message: string): void }
}): boolean {
  if (!(command.error instanceof ProjectionError)) {
    return tellArchiveError(command)
  }
  command.logger.error(command.error.message)
  return true
}
