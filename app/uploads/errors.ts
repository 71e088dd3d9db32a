export type UploadErrorCode = 'E_GUESTS_NOT_ALLOWED' | 'E_UPLOAD_RATE_REACHED'

/** Why an upload is not taken, whatever it holds; the message is written for the person who uploads. */
export class UploadError extends Error {
  override name = 'UploadError'
  readonly code: UploadErrorCode

  constructor(code: UploadErrorCode, message: string) {
    super(message)
    this.code = code
  }
}

export class GuestsNotAllowedError extends UploadError {
  constructor() {
    super('E_GUESTS_NOT_ALLOWED', 'Sign in to upload: visitors may not')
  }
}

/** A limit of uploads was reached; `retryAfterSeconds` says when a try may succeed again. */
export class UploadRateError extends UploadError {
  readonly retryAfterSeconds: number

  constructor(reason: string, retryAfterSeconds: number) {
    super('E_UPLOAD_RATE_REACHED', `${reason}: try again in ${retryAfterSeconds} s`)
    this.retryAfterSeconds = retryAfterSeconds
  }
}
