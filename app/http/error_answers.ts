import { errors as vineErrors } from '@vinejs/vine'
import { Exception } from '@adonisjs/core/exceptions'
import { DomainError, type DomainErrorCode } from '#domain/domain_error'
import { EventStoreError, type EventStoreErrorCode } from '#event_store/errors'
import { isPassingFailure } from '#event_store/postgres_failure'
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
  E_ALBUM_NOT_FOUND: 404,
  E_ACCOUNT_NOT_FOUND: 404,
  E_API_TOKEN_NOT_FOUND: 404,
  E_NOT_OWNER: 404,
  E_ACCOUNT_FROZEN: 403,
  E_ACCOUNT_EXISTS: 409,
  E_ALREADY_EXISTS: 409,
  E_ALREADY_SET_UP: 409,
  E_STRATEGY_NOT_ALLOWED: 422,
}

const EVENT_STORE_ANSWERS: Partial<Record<EventStoreErrorCode, [status: number, message: string]>> =
  {
    E_VERSION_CONFLICT: [409, 'It was changed by someone else meanwhile: try again'],
    E_CLAIM_TAKEN: [409, 'It is taken already'],
    E_BUDGET_EXCEEDED: [422, 'Your storage is full'],
    E_COMMAND_ID_REUSED: [409, 'This Idempotency-Key was used for something else'],
    E_DUPLICATE_EVENT_ID: [409, 'It was recorded already'],
    E_EVENT_STORE_UNAVAILABLE: [503, 'The database cannot be reached: try again'],
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
  return isPassingFailure(error) ? UNAVAILABLE : answerFrameworkError(error)
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
