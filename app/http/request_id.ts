import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

const SANE = /^[A-Za-z0-9._-]{1,64}$/

/**
 * Gives the request its id: the one it came with when that is sane, else a new one. It is set before the framework sees
 * the request, so that every answer and every line of the log has the same.
 */
export function adoptRequestId(request: IncomingMessage): string {
  const given = request.headers['x-request-id']
  const id = typeof given === 'string' && SANE.test(given) ? given : randomUUID()
  request.headers['x-request-id'] = id
  return id
}
