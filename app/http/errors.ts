import { createError, Exception } from '@adonisjs/core/exceptions'

/** Missing, or not visible to the caller: the answer does not tell which. */
export const E_NOT_FOUND = createError('Not found', 'E_NOT_FOUND', 404)

/** Written, but the read model that would show it is further behind than we wait for. */
export const E_NOT_VISIBLE_YET = createError(
  'It is saved, but cannot be shown yet: read it in a moment',
  'E_NOT_VISIBLE_YET',
  503
)

export const E_SETUP_REQUIRED = createError(
  'Set-up is needed: create the first administrator',
  'E_SETUP_REQUIRED',
  503
)

export const E_ALREADY_SET_UP = createError('This site is set up already', 'E_ALREADY_SET_UP', 409)

export const E_REGISTRATION_CLOSED = createError(
  'This site takes no registrations: ask its administrator for an account',
  'E_REGISTRATION_CLOSED',
  403
)

export const E_MAIL_NOT_SET_UP = createError(
  'This site sends no mail: ask its administrator',
  'E_MAIL_NOT_SET_UP',
  503
)

export const E_EMAIL_TAKEN = createError(
  'There is an account with this e-mail address already',
  'E_EMAIL_TAKEN',
  409
)

export const E_THUMBNAIL_NOT_POSSIBLE = createError(
  'There is no thumbnail of this image',
  'E_THUMBNAIL_NOT_POSSIBLE',
  404
)

export const E_PRESETS_ONLY = createError(
  'This site serves variants by the name of a preset only, as in @preset_small',
  'E_PRESETS_ONLY',
  403
)

export const E_NOT_IN_ADVANCE = createError(
  'This link deletes an image: that is done when it is opened, not before',
  'E_NOT_IN_ADVANCE',
  503
)

/** A part of the request is invalid; `fields` says what is wrong with which. */
export class InvalidFieldsError extends Exception {
  static override status = 400
  static override code = 'E_INVALID_FIELDS'
  readonly fields: Record<string, string[]>

  constructor(fields: Record<string, string[]>) {
    super('Some fields are invalid')
    this.fields = fields
  }
}

/** A limit was reached; `retryAfterSeconds` says when a try may succeed again. */
export class TooManyRequestsError extends Exception {
  static override status = 429
  static override code = 'E_TOO_MANY_REQUESTS'
  readonly retryAfterSeconds: number

  constructor(reason: string, retryAfterSeconds: number) {
    super(`${reason}: try again in ${retryAfterSeconds} s`)
    this.retryAfterSeconds = retryAfterSeconds
  }
}

/** More work waits than is taken on; `retryAfterSeconds` says when a try may succeed again. */
export class ServerBusyError extends Exception {
  static override status = 503
  static override code = 'E_SERVER_BUSY'
  readonly retryAfterSeconds: number

  constructor(retryAfterSeconds: number) {
    super(`The server has too much to do: try again in ${retryAfterSeconds} s`)
    this.retryAfterSeconds = retryAfterSeconds
  }
}
