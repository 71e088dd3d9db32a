import type { ServerResponse } from 'node:http'
import type { Logger } from '@adonisjs/core/logger'
import { webServices } from './web_services.ts'

interface CompletedExchange {
  /** Where the logger does not say it. */
  request_id?: string | string[]
  method: string
  route: string | null
  seconds: number
}

/** What is asked every few seconds for as long as a server runs is told of when something is wrong. */
const PROBES = new Set(['/health/live', '/health/ready'])

/** Counts a request that is over, and tells the log of it. */
export function requestCompleted(
  logger: Logger,
  response: ServerResponse,
  { method, route, seconds, ...rest }: CompletedExchange
): void {
  const { statusCode: status, writableFinished } = response
  webServices().metrics.requestCompleted({ method, route: route ?? 'none', code: status, seconds })
  const level = PROBES.has(route ?? '') && status < 500 ? 'debug' : 'info'
  logger[level](
    { ...rest, method, route, status, ms: Math.round(seconds * 1e4) / 10 },
    writableFinished ? 'Answered' : 'The client went away'
  )
}
