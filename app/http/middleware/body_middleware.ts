import BodyParserMiddleware from '@adonisjs/core/bodyparser_middleware'
import type { HttpContext } from '@adonisjs/core/http'
import type { NextFn } from '@adonisjs/core/types/http'
import { parseJsonObject } from '#http/json_body'

/** Their bodies may be large: they are read once it is known who sends them. */
const READ_BY_CONTROLLER = new Set(['/mcp'])

/** Reads the bodies of requests, all but those that a controller reads itself. */
export default class BodyMiddleware {
  async handle(ctx: HttpContext, next: NextFn) {
    if (READ_BY_CONTROLLER.has(ctx.route?.pattern ?? '')) {
      return next()
    }
    const parser = await ctx.containerResolver.make(BodyParserMiddleware)
    return parser.handle(ctx, () => {
      ctx.request.updateBody(parseJsonObject(ctx.request.raw() ?? ''))
      return next()
    })
  }
}
