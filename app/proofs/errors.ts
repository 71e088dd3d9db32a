import { tellArchiveError } from '#event_store/archive_reader'

/** What can stand in the way of proving something; each comes with one sentence that says so. */
export type ProofErrorCode =
  | 'E_BAD_CHECKPOINT'
  | 'E_BAD_PUBLIC_KEY'
  | 'E_EMPTY_LOG'
  | 'E_NO_SUCH_EVENT'
  | 'E_LOG_NOT_SOUND'
  | 'E_NOT_AN_EXPORT'
  | 'E_LOG_CONTINUES_ELSEWHERE'
  | 'E_KEYS_MISSING'

export class ProofError extends Error {
  override name = 'ProofError'
  readonly code: ProofErrorCode

  constructor(code: ProofErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** Tells why a command could not do its work, without a stack; false when that is not what ended it. */
export function tellProofError(command: {
  error?: unknown
  logger: { error(message: string): void }
}): boolean {
  if (!(command.error instanceof ProofError)) {
    return tellArchiveError(command)
  }
  command.logger.error(command.error.message)
  return true
}
