import type { HttpContext } from '@adonisjs/core/http'
import type { NextFn } from '@adonisjs/core/types/http'
import { untilLeasesAreOver } from '#auth/stamp_lease'

const READING = new Set(['GET', 'HEAD', 'OPTIONS'])
/** Change something although they are only followed. */
const CHANGING_LINKS = new Set(['/api/v1/sharex/delete/:secret'])

/**
 * Holds an answer that may acknowledge a change, whether good or not, until no web process gives answers from before it
 * any more; see `docs/caching.md`.
 */
export default class AcknowledgeMiddleware {
  async handle({ request, route }: HttpContext, next: NextFn) {
    if (READING.has(request.method()) && !CHANGING_LINKS.has(route?.pattern ?? '')) {
      return next()
    }
    try {
      return await next()
    } finally {
      await untilLeasesAreOver()
    }
  }
}
