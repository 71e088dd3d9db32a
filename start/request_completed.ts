import type { ServerResponse } from 'node:http'
import type { Logger } from '@adonisjs/core/logger'
import { webServices } from './web_services.ts'

/** Counts a request that is over, and tells the log of it. */
export function requestCompleted(
  logger: Logger,
  response: ServerResponse,
  { method, route, seconds }: { method: string; route: string | null; seconds: number }
): void {
  const { statusCode: status, writableFinished } = response
  webServices().metrics.requestCompleted({ method, route: route ?? 'none', code: status, seconds })
  logger.info(
    { method, route, status, ms: Math.round(seconds * 1e4) / 10 },
    writableFinished ? 'Answered' : 'The client went away'
  )
}
