import type { HttpContext } from '@adonisjs/core/http'
import type { NextFn } from '@adonisjs/core/types/http'
import { E_MISSING_SCOPE, E_UNAUTHENTICATED } from '#auth/errors'
import { hasScope } from '#auth/identity'

/**
 * Lets visitors in beside those with credentials, which upload tools may send as `X-API-Token` too. Credentials that
 * are sent must be good: nobody is taken for a visitor by mistake.
 */
export default class VisitorMiddleware {
  async handle(ctx: HttpContext, next: NextFn) {
    const { headers } = ctx.request.request
    const toolToken = ctx.request.header('x-api-token')
    if (headers.authorization === undefined && toolToken !== undefined) {
      headers.authorization = `Bearer ${toolToken}`
    }
    if (headers.authorization !== undefined) {
      if (!(await ctx.auth.checkUsing(['session', 'apiToken']))) {
        throw new E_UNAUTHENTICATED()
      }
      if (!hasScope(ctx.auth.getUserOrFail(), 'write')) {
        throw new E_MISSING_SCOPE(['write'])
      }
    }
    return next()
  }
}
