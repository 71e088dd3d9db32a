import { createError } from '@adonisjs/core/exceptions'

/** No credentials, or ones that are unknown, expired or revoked: the answer does not tell which. */
export const E_UNAUTHENTICATED = createError(
  'Sign in, or send a valid access token or API token',
  'E_UNAUTHENTICATED',
  401
)

export const E_INVALID_CREDENTIALS = createError(
  'The e-mail address or the password is wrong',
  'E_INVALID_CREDENTIALS',
  401
)

export const E_INVALID_REFRESH_TOKEN = createError(
  'The refresh token is unknown, used up or expired: sign in again',
  'E_INVALID_REFRESH_TOKEN',
  401
)

export const E_ACCOUNT_FROZEN = createError('This account is frozen', 'E_ACCOUNT_FROZEN', 403)

export const E_EMAIL_NOT_VERIFIED = createError(
  'Confirm your e-mail address first: the link is in the mail that was sent to you',
  'E_EMAIL_NOT_VERIFIED',
  403
)

export const E_MISSING_SCOPE = createError<[scope: string]>(
  'This API token lacks the scope "%s"',
  'E_MISSING_SCOPE',
  403
)

export const E_SESSION_REQUIRED = createError(
  'API tokens are not accepted here: sign in with e-mail and password',
  'E_SESSION_REQUIRED',
  403
)

export const E_ADMIN_REQUIRED = createError(
  'Only administrators may do this',
  'E_ADMIN_REQUIRED',
  403
)
