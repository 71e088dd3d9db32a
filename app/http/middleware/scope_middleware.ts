import type { HttpContext } from '@adonisjs/core/http'
import type { NextFn } from '@adonisjs/core/types/http'
import type { TokenScope } from '#domain/api_token/events'
import { E_MISSING_SCOPE } from '#auth/errors'
import { hasScope } from '#auth/identity'

/** Keeps out API tokens that lack the scope. It comes after `auth`. */
export default class ScopeMiddleware {
  async handle(ctx: HttpContext, next: NextFn, scope: TokenScope) {
    if (!hasScope(ctx.auth.getUserOrFail(), scope)) {
      throw new E_MISSING_SCOPE([scope])
    }
    return next()
  }
}
