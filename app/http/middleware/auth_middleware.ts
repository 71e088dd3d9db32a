import type { HttpContext } from '@adonisjs/core/http'
import type { NextFn } from '@adonisjs/core/types/http'
import { E_UNAUTHENTICATED } from '#auth/errors'
import { limitRequest } from '#http/rate_limits'

/** Lets in who sends an access token or an API token. What comes in vain is counted against its address. */
export default class AuthMiddleware {
  async handle(ctx: HttpContext, next: NextFn) {
    const isKnown = await ctx.auth.checkUsing(['session', 'apiToken'])
    await limitRequest(ctx, 'api')
    if (!isKnown) {
      throw new E_UNAUTHENTICATED()
    }
    return next()
  }
}
