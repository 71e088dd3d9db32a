export type DomainErrorCode =
  | 'E_IMAGE_NOT_FOUND'
  | 'E_IMAGE_NOT_APPROVED'
  | 'E_SHARE_NOT_FOUND'
  | 'E_SHARE_USED_UP'
  | 'E_TOO_MANY_SHARES'
  | 'E_ALBUM_NOT_FOUND'
  | 'E_ACCOUNT_NOT_FOUND'
  | 'E_API_TOKEN_NOT_FOUND'
  | 'E_STRATEGY_NOT_ALLOWED'
  | 'E_STRATEGY_NOT_FOUND'
  | 'E_STRATEGY_IN_USE'
  | 'E_GROUP_NOT_FOUND'
  | 'E_GROUP_IN_USE'
  | 'E_GROUP_NEEDED'
  | 'E_LAST_ADMIN'
  | 'E_REBUILD_RUNNING'
  | 'E_ACCOUNT_CLOSED'
  | 'E_STORAGE_FULL'
  | 'E_EXTENSION_NOT_ALLOWED'

/** A decision that says no: the command was understood, and the rules of the domain refuse it. */
export class DomainError extends Error {
  override name = 'DomainError'
  readonly code: DomainErrorCode

  constructor(code: DomainErrorCode, message: string) {
    super(message)
    this.code = code
  }
}
