import type { HttpContext } from '@adonisjs/core/http'
import type { NextFn } from '@adonisjs/core/types/http'
import { E_ADMIN_REQUIRED, E_SESSION_REQUIRED } from '#auth/errors'
import { isAdmin } from '#auth/identity'

/** Lets in administrators who signed in; API tokens are kept out, whoever they act for. It comes after `auth`. */
export default class AdminMiddleware {
  async handle(ctx: HttpContext, next: NextFn) {
    const identity = ctx.auth.getUserOrFail()
    if (identity.credential.kind !== 'session') {
      throw new E_SESSION_REQUIRED()
    }
    if (!isAdmin(identity)) {
      throw new E_ADMIN_REQUIRED()
    }
    return next()
  }
}
