import { ExceptionHandler, type HttpContext, errors as httpErrors } from '@adonisjs/core/http'
import router from '@adonisjs/core/services/router'
import { E_MISSING_SCOPE } from '#auth/errors'
import { ImagingBusyError } from '#imaging/errors'
import { StorageError } from '#storage/errors'
import { UploadRateError } from '#uploads/errors'
import { bareErrorBody } from '#mcp/answers'
import { errorRecord } from '#start/error_record'
import { failure } from './envelope.ts'
import {
  E_NOT_IN_ADVANCE,
  E_SETUP_REQUIRED,
  ServerBusyError,
  TooManyRequestsError,
} from './errors.ts'
import { answerError, type ErrorAnswer } from './error_answers.ts'

const FLAT_UPLOAD = '/api/v1/flat/upload'
const AGENTS = '/mcp'
/** What was said of a file before it turned out that it cannot be sent. */
const FILE_HEADERS = [
  'Cache-Control',
  'ETag',
  'Last-Modified',
  'Accept-Ranges',
  'Content-Disposition',
  'Content-Security-Policy',
]
/** Errors of 503 that say nothing of our state. */
const EXPECTED = [E_SETUP_REQUIRED, E_NOT_IN_ADVANCE]
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']

/** The one place where errors become answers. Nothing of a fault of ours is shown but the request's id. */
/** For a disk or a service that is away: a person or a restart has to bring it back. */
const STORAGE_RETRY_SECONDS = 10

export default class HttpExceptionHandler extends ExceptionHandler {
  override async handle(error: unknown, ctx: HttpContext): Promise<void> {
    if (ctx.response.headersSent) {
      ctx.response.response.destroy()
      return
    }
    const { status, message, data } = this.#answerTo(error, ctx)
    if (status === 401) {
      ctx.response.header('WWW-Authenticate', 'Bearer')
    }
    if (error instanceof E_MISSING_SCOPE) {
      ctx.response.header('WWW-Authenticate', 'Bearer error="insufficient_scope"')
    }
    const retryAfter = retryAfterOf(error)
    if (retryAfter !== null) {
      ctx.response.header('Retry-After', retryAfter)
    }
    FILE_HEADERS.forEach((name) => ctx.response.removeHeader(name))
    ctx.response.status(status).send(this.#bodyOf({ status, message, data }, ctx.route?.pattern))
  }

  #bodyOf({ status, message, data }: ErrorAnswer, route: string | undefined): object {
    switch (route) {
      case FLAT_UPLOAD:
        return flatFailure(message, data)
      case AGENTS:
        return bareErrorBody(status, message)
      default:
        return failure(message, data)
    }
  }

  override async report(error: unknown, ctx: HttpContext): Promise<void> {
    const isLost = error instanceof StorageError && error.code === 'E_OBJECT_MISSING'
    const status = answerError(error)?.status ?? 500
    const circumstances = { method: ctx.request.method(), route: ctx.route?.pattern }
    if (status === 500 || isLost) {
      ctx.logger.error({ ...circumstances, err: error }, 'A request failed')
    } else if (status > 500 && !EXPECTED.some((expected) => error instanceof expected)) {
      const { type, message: reason } = errorRecord(error)
      ctx.logger.warn({ ...circumstances, type, reason }, 'A request could not be served')
    }
  }

  #answerTo(error: unknown, ctx: HttpContext): ErrorAnswer {
    if (error instanceof httpErrors.E_ROUTE_NOT_FOUND) {
      return this.#answerToUnknownRoute(ctx)
    }
    return (
      answerError(error) ?? {
        status: 500,
        message: 'Something went wrong here; the log has more under this request id',
        data: { request_id: ctx.request.id() },
      }
    )
  }

  #answerToUnknownRoute(ctx: HttpContext): ErrorAnswer {
    const { pathname, shouldDecodeParam } = ctx.request.parsedUrl
    const allowed = METHODS.filter((method) => router.match(pathname, method, shouldDecodeParam))
    if (allowed.length === 0) {
      return { status: 404, message: 'Not found', data: {} }
    }
    ctx.response.header('Allow', allowed.join(', '))
    return { status: 405, message: `Use ${allowed.join(' or ')} here`, data: {} }
  }
}

/** Tools that read one flat object look for the reason under `error`; it says also what is wrong with which field. */
function flatFailure(message: string, fields: object): object {
  const reasons = Object.entries(fields).flatMap(([field, messages]: [string, string[]]) =>
    messages.map((text) => (text.includes(field) ? text : `${field}: ${text}`))
  )
  const reason = reasons.length === 0 ? message : reasons.join('; ')
  return { status: false, message: reason, error: reason }
}

/** When to try again, in seconds; `null` where that cannot be said. */
function retryAfterOf(error: unknown): number | null {
  if (
    error instanceof TooManyRequestsError ||
    error instanceof UploadRateError ||
    error instanceof ServerBusyError ||
    error instanceof ImagingBusyError
  ) {
    return error.retryAfterSeconds
  }
  const isAway = error instanceof StorageError && error.code === 'E_STORAGE_UNAVAILABLE'
  return isAway ? STORAGE_RETRY_SECONDS : null
}
