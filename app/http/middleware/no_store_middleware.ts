import type { HttpContext } from '@adonisjs/core/http'
import type { NextFn } from '@adonisjs/core/types/http'
import { PRIVATE_HEADERS } from '#http/answer_headers'

/** Gives answers of the API their headers; see `PRIVATE_HEADERS`. */
export default class NoStoreMiddleware {
  async handle({ response }: HttpContext, next: NextFn) {
    for (const [name, value] of Object.entries(PRIVATE_HEADERS)) {
      response.header(name, value)
    }
    return next()
  }
}
