import type { HttpContext } from '@adonisjs/core/http'
import type { NextFn } from '@adonisjs/core/types/http'
import { E_SETUP_REQUIRED } from '#http/errors'
import { isSetUp } from '#http/set_up'

const READING = new Set(['GET', 'HEAD', 'OPTIONS'])
const SET_UP_ROUTES = new Set(['/api/v1/setup', '/api/v1/setup/admin'])

/** Once there was a user there is one for good: only a new site has to look. */
let wasSetUp = false

/** While no user exists, nothing may be written but the first administrator. */
export default class SetUpMiddleware {
  async handle(ctx: HttpContext, next: NextFn) {
    const writes = !READING.has(ctx.request.method())
    if (!wasSetUp && writes && !SET_UP_ROUTES.has(ctx.route?.pattern ?? '')) {
      wasSetUp = await isSetUp()
      if (!wasSetUp) {
        throw new E_SETUP_REQUIRED()
      }
    }
    return next()
  }
}
