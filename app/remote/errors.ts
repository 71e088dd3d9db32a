export type RemoteErrorCode =
  | 'E_URL_INVALID'
  | 'E_URL_FORBIDDEN'
  | 'E_REMOTE_UNREACHABLE'
  | 'E_REMOTE_TOO_SLOW'
  | 'E_REMOTE_REFUSED'
  | 'E_REMOTE_TOO_LARGE'

/** Why nothing was fetched; the message is written for the person who gave the URL. */
export class RemoteError extends Error {
  override name = 'RemoteError'
  readonly code: RemoteErrorCode

  constructor(code: RemoteErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
