import type { HttpContext } from '@adonisjs/core/http'
import { success } from '#http/envelope'
import { E_NOT_FOUND } from '#http/errors'
import { givenValues } from '#http/given_values'
import { jsonBody } from '#http/json_body'
import { decodeCursor, encodeCursor } from '#http/list_cursor'
import { commandContextOf } from '#http/request_context'
import { transformParkedStream, transformProjection } from '#http/transformers/upkeep_transformer'
import {
  listParkedValidator,
  rebuildValidator,
  retryParkedValidator,
} from '#http/validators/upkeep_validator'
import { projections } from '#projections/registry'
import { projectionStatus } from '#projections/status'
import { listParkedStreams, rebuildProgress } from '#read_models/upkeep_queries'
import { services } from '#start/services'

const CURSOR = [/^\d{1,15}$/, /^[a-z_]{1,60}$/]

/** The read models and their upkeep. Workers do what is asked for. */
export default class ProjectionsController {
  async index() {
    const [statuses, progress] = await Promise.all([
      projectionStatus(services().pool, projections),
      rebuildProgress(),
    ])
    return success({
      items: statuses.map((status) => transformProjection(status, progress.get(status.projection))),
    })
  }

  async rebuild(ctx: HttpContext) {
    const projection = nameIn(ctx)
    const { gate = true, dry_run: dryRun = false } = await rebuildValidator.validate(jsonBody(ctx))
    await services().handlers.maintenance.requestRebuild(
      { projection, gate, dry_run: dryRun },
      commandContextOf(ctx, ctx.auth.getUserOrFail())
    )
    ctx.response.status(202)
    return success(null, 'A worker will rebuild it: GET /admin/projections tells how far it is')
  }

  async parked(ctx: HttpContext) {
    const { cursor, page_size: size = 20 } = await listParkedValidator.validate(
      givenValues(ctx.request.qs())
    )
    const [position, projection = ''] = decodeCursor(cursor, CURSOR) ?? []
    const after = position === undefined ? null : { position: Number(position), projection }
    const found = await listParkedStreams(after, size + 1)
    const shown = found.slice(0, size)
    const last = found.length > size ? shown.at(-1) : undefined
    return success({
      items: shown.map(transformParkedStream),
      next_cursor: last ? encodeCursor(last.position, last.projection) : null,
    })
  }

  async retry(ctx: HttpContext) {
    const { projection, stream = null } = await retryParkedValidator.validate(jsonBody(ctx))
    await services().handlers.maintenance.requestParkedRetry(
      { projection, stream },
      commandContextOf(ctx, ctx.auth.getUserOrFail())
    )
    ctx.response.status(202)
    return success(null, 'A worker will fold them again; what stays parked stays listed')
  }
}

/** The read model in the route. @throws E_NOT_FOUND */
function nameIn(ctx: HttpContext): string {
  const found = projections.find(({ name }) => name === ctx.request.param('name'))
  if (found === undefined) {
    throw new E_NOT_FOUND()
  }
  return found.name
}
