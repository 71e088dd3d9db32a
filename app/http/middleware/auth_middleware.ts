import type { HttpContext } from '@adonisjs/core/http'
import type { NextFn } from '@adonisjs/core/types/http'
import { E_UNAUTHENTICATED } from '#auth/errors'

/** Lets in who sends an access token or an API token. */
export default class AuthMiddleware {
  async handle(ctx: HttpContext, next: NextFn) {
    if (!(await ctx.auth.checkUsing(['session', 'apiToken']))) {
      throw new E_UNAUTHENTICATED()
    }
    return next()
  }
}
