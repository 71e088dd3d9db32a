import { tellArchiveError } from '#event_store/archive_reader'

/** What can stand in the way of a backup, a restore or an archive; each comes with one sentence that says so. */
export type MaintenanceErrorCode =
  | 'E_BACKUP_EXISTS'
  | 'E_NOT_A_BACKUP'
  | 'E_RESTORE_REFUSED'
  | 'E_LOG_NOT_SOUND'
  | 'E_ARCHIVE_RUNNING'
  | 'E_ARCHIVE_REFUSED'

export class MaintenanceError extends Error {
  override name = 'MaintenanceError'
  readonly code: MaintenanceErrorCode

  constructor(code: MaintenanceErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** Tells why a command could not do its work, without a stack; false when that is not what ended it. */
export function tellMaintenanceError(command: {
  error?: unknown
  logger: { error(message: string): void }
}): boolean {
  if (!(command.error instanceof MaintenanceError)) {
    return tellArchiveError(command)
  }
  command.logger.error(command.error.message)
  return true
}
