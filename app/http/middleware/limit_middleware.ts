import type { HttpContext } from '@adonisjs/core/http'
import type { NextFn } from '@adonisjs/core/types/http'
import { limitRequest, type RateLimitName } from '#http/rate_limits'

/** Keeps a route within a limit. After `auth` or `visitor`, where the limit counts by account. */
export default class LimitMiddleware {
  async handle(ctx: HttpContext, next: NextFn, name: RateLimitName) {
    await limitRequest(ctx, name)
    return next()
  }
}
