import type { HttpContext } from '@adonisjs/core/http'
import type { NextFn } from '@adonisjs/core/types/http'
import { E_SETUP_REQUIRED } from '#http/errors'
import { anyAccountExists } from '#read_models/account_queries'

const READING = new Set(['GET', 'HEAD', 'OPTIONS'])
const SET_UP_ROUTES = new Set(['/api/v1/setup', '/api/v1/setup/admin'])

/** Once there was a user there is one for good: only a new site has to look. */
let isSetUp = false

/** While no user exists, nothing may be written but the first administrator. */
export default class SetUpMiddleware {
  async handle(ctx: HttpContext, next: NextFn) {
    const writes = !READING.has(ctx.request.method())
    if (!isSetUp && writes && !SET_UP_ROUTES.has(ctx.route?.pattern ?? '')) {
      isSetUp = await anyAccountExists()
      if (!isSetUp) {
        throw new E_SETUP_REQUIRED()
      }
    }
    return next()
  }
}
