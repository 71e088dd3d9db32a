import { errors as vineErrors } from '@vinejs/vine'
import { Exception } from '@adonisjs/core/exceptions'
import { DomainError, type DomainErrorCode } from '#domain/domain_error'
import { EventStoreError, type EventStoreErrorCode } from '#event_store/errors'
import { isPassingFailure } from '#event_store/postgres_failure'
import { ImagingError, type ImagingErrorCode } from '#imaging/errors'
import { RemoteError, type RemoteErrorCode } from '#remote/errors'
import { StorageError, type StorageErrorCode } from '#storage/errors'
import { IntakeError, type IntakeErrorCode } from '#storage/intake'
import { UploadError, type UploadErrorCode } from '#uploads/errors'
import { InvalidFieldsError } from './errors.ts'

/** How an error is answered. `data` holds nothing but what the client may know. */
export interface ErrorAnswer {
  status: number
  message: string
  data: object
}

/** The domain's messages are written for the person who sent the command. */
const DOMAIN_STATUSES: Record<DomainErrorCode, number> = {
  E_IMAGE_NOT_FOUND: 404,
  E_IMAGE_NOT_APPROVED: 422,
  E_SHARE_NOT_FOUND: 404,
  E_SHARE_USED_UP: 404,
  E_TOO_MANY_SHARES: 422,
  E_ALBUM_NOT_FOUND: 404,
  E_ACCOUNT_NOT_FOUND: 404,
  E_API_TOKEN_NOT_FOUND: 404,
  E_STRATEGY_NOT_ALLOWED: 422,
  E_STRATEGY_NOT_FOUND: 404,
  E_STRATEGY_IN_USE: 409,
  E_GROUP_NOT_FOUND: 404,
  E_GROUP_IN_USE: 409,
  E_GROUP_NEEDED: 409,
  E_LAST_ADMIN: 409,
  E_REBUILD_RUNNING: 409,
  E_ACCOUNT_CLOSED: 403,
  E_STORAGE_FULL: 422,
  E_EXTENSION_NOT_ALLOWED: 415,
}

const EVENT_STORE_ANSWERS: Partial<Record<EventStoreErrorCode, [status: number, message: string]>> =
  {
    E_VERSION_CONFLICT: [409, 'It was changed by someone else meanwhile: try again'],
    E_CLAIM_TAKEN: [409, 'It is taken already'],
    E_BUDGET_EXCEEDED: [422, 'Your storage is full'],
    E_COMMAND_ID_REUSED: [409, 'This Idempotency-Key was used for something else'],
    E_DUPLICATE_EVENT_ID: [409, 'It was recorded already'],
    E_ARCHIVE_UNREADABLE: [503, 'An older part of the log cannot be read'],
    E_EVENT_STORE_UNAVAILABLE: [503, 'The database cannot be reached: try again'],
  }

const UPLOAD_STATUSES: Record<UploadErrorCode, number> = {
  E_GUESTS_NOT_ALLOWED: 403,
  E_UPLOAD_RATE_REACHED: 429,
}

/** Messages of the intake and of imaging are written for the person who uploads. */
const INTAKE_STATUSES: Record<IntakeErrorCode, number> = {
  E_NOT_MULTIPART: 400,
  E_MULTIPART_MALFORMED: 400,
  E_FILE_MISSING: 400,
  E_FILE_EMPTY: 400,
  E_FIELD_TOO_LARGE: 400,
  E_TOO_MANY_FIELDS: 400,
  E_DUPLICATE_FIELD: 400,
  E_UPLOAD_ABORTED: 400,
  E_FILE_TOO_LARGE: 413,
}

const IMAGING_STATUSES: Record<ImagingErrorCode, number> = {
  E_NOT_AN_IMAGE: 415,
  E_IMAGE_UNSUPPORTED: 415,
  E_IMAGE_CORRUPT: 415,
  E_IMAGE_TOO_LARGE: 413,
  E_IMAGE_TOO_SLOW: 422,
  E_IMAGING_BUSY: 503,
  E_THUMBNAIL_UNSUPPORTED: 404,
}

/** Messages of fetching are written for the person who gave the URL. */
const REMOTE_STATUSES: Record<RemoteErrorCode, number> = {
  E_URL_INVALID: 400,
  E_URL_FORBIDDEN: 400,
  E_REMOTE_UNREACHABLE: 422,
  E_REMOTE_TOO_SLOW: 422,
  E_REMOTE_REFUSED: 422,
  E_REMOTE_TOO_LARGE: 413,
}

const STORAGE_ANSWERS: Partial<Record<StorageErrorCode, [status: number, message: string]>> = {
  E_STORAGE_UNAVAILABLE: [503, 'The storage cannot be used: try again later'],
  // What it is that is wrong is for administrators: the health of the strategies tells them.
  E_STORAGE_REFUSED: [503, 'The storage cannot be used: try again later'],
  E_OBJECT_MISSING: [404, 'Not found'],
}

const UNAVAILABLE: ErrorAnswer = answer(503, 'A part of the server cannot be reached: try again')

/** The answer to an error, or `null` when it is a fault of ours that the client can do nothing about. */
export function answerError(error: unknown): ErrorAnswer | null {
  if (error instanceof InvalidFieldsError) {
    return { ...answer(error.status, error.message), data: error.fields }
  }
  if (error instanceof vineErrors.E_VALIDATION_ERROR) {
    return { ...answer(400, 'Some fields are invalid'), data: fieldMessages(error.messages) }
  }
  if (error instanceof DomainError) {
    return answer(DOMAIN_STATUSES[error.code], error.message)
  }
  if (error instanceof EventStoreError) {
    const known = EVENT_STORE_ANSWERS[error.code]
    return known === undefined ? null : answer(...known)
  }
  if (error instanceof UploadError) {
    return answer(UPLOAD_STATUSES[error.code], error.message)
  }
  if (error instanceof IntakeError) {
    return answerIntakeError(error)
  }
  if (error instanceof ImagingError) {
    return answer(IMAGING_STATUSES[error.code], error.message)
  }
  if (error instanceof RemoteError) {
    const status = REMOTE_STATUSES[error.code]
    return status === 400 ? invalidField('url', error.message) : answer(status, error.message)
  }
  if (error instanceof StorageError) {
    const known = STORAGE_ANSWERS[error.code]
    return known === undefined ? null : answer(...known)
  }
  return isPassingFailure(error) ? UNAVAILABLE : answerFrameworkError(error)
}

/** What is wrong with one field is said of that field. */
function answerIntakeError({ code, message, field }: IntakeError): ErrorAnswer {
  const status = INTAKE_STATUSES[code]
  return status === 400 && field !== null ? invalidField(field, message) : answer(status, message)
}

function invalidField(field: string, message: string): ErrorAnswer {
  return { ...answer(400, 'Some fields are invalid'), data: { [field]: [message] } }
}

/** The framework's errors, and ours that are made as its are, carry their status. */
function answerFrameworkError(error: unknown): ErrorAnswer | null {
  const status = statusOf(error)
  switch (status) {
    case null:
      return isBrokenEncoding(error) ? answer(400, 'The body is not what its encoding says') : null
    case 413:
      return answer(413, 'The body is too large')
    case 400:
    case 415:
    case 422:
      return answer(400, 'The body is malformed: it must be a JSON object')
    default:
      return answer(status, error instanceof Exception ? error.message : 'The request failed')
  }
}

function statusOf(error: unknown): number | null {
  if (!(error instanceof Error) || !('status' in error) || typeof error.status !== 'number') {
    return null
  }
  const isOurs = error instanceof Exception && error.status === 503
  return (error.status >= 400 && error.status < 500) || isOurs ? error.status : null
}

/** A compressed body that cannot be inflated. */
function isBrokenEncoding(error: unknown): boolean {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('Z_')
}

function fieldMessages(messages: readonly { field: string; message: string }[]) {
  const fields: Record<string, string[]> = {}
  for (const { field, message } of messages) {
    const name = field === '' ? 'body' : field
    fields[name] = [...(fields[name] ?? []), message]
  }
  return fields
}

function answer(status: number, message: string): ErrorAnswer {
  return { status, message, data: {} }
}
