import type { HttpContext } from '@adonisjs/core/http'
import type { NextFn } from '@adonisjs/core/types/http'
import { E_SESSION_REQUIRED } from '#auth/errors'

/** Keeps API tokens out: what is behind needs a person who signed in. It comes after `auth`. */
export default class SessionMiddleware {
  async handle(ctx: HttpContext, next: NextFn) {
    if (ctx.auth.getUserOrFail().credential.kind !== 'session') {
      throw new E_SESSION_REQUIRED()
    }
    return next()
  }
}
