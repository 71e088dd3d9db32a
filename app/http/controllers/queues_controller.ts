import type { HttpContext } from '@adonisjs/core/http'
import { success } from '#http/envelope'
import { E_NOT_FOUND } from '#http/errors'
import { givenValues } from '#http/given_values'
import { jsonBody } from '#http/json_body'
import { decodeCursor, encodeCursor } from '#http/list_cursor'
import { commandContextOf } from '#http/request_context'
import { transformDeadWork, transformQueue } from '#http/transformers/upkeep_transformer'
import { listDeadValidator, retryQueueValidator } from '#http/validators/upkeep_validator'
import { JobLedger } from '#jobs/ledger'
import { QUEUES, type QueueName } from '#jobs/queues'
import { ledgerStatus } from '#jobs/status'
import { isDeadWork, listDeadWork } from '#read_models/upkeep_queries'
import { services } from '#start/services'
import { webServices } from '#start/web_services'

const CURSOR = [/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/, /^[\w-]{1,200}$/]

/** The queues of work, and what was given up of it. */
export default class QueuesController {
  async index() {
    const [statuses, depths] = await Promise.all([
      ledgerStatus(services().pool),
      webServices()
        .observability.depths()
        .catch(() => null),
    ])
    return success({
      items: statuses.map((status) =>
        transformQueue(status, depths?.find(({ queue }) => queue === status.queue) ?? null)
      ),
    })
  }

  async dead(ctx: HttpContext) {
    const {
      queue = null,
      cursor,
      page_size: size = 20,
    } = await listDeadValidator.validate(givenValues(ctx.request.qs()))
    const [diedAt, id = ''] = decodeCursor(cursor, CURSOR) ?? []
    const after = diedAt === undefined ? null : { diedAt, id }
    const found = await listDeadWork(queue, after, size + 1)
    const shown = found.slice(0, size)
    const last = found.length > size ? shown.at(-1) : undefined
    return success({
      items: shown.map(transformDeadWork),
      next_cursor: last ? encodeCursor(last.diedAt, last.id) : null,
    })
  }

  /** Who asked is recorded first: work that is done again without a reason in the log would be a riddle. */
  async retry(ctx: HttpContext) {
    const queue = nameIn(ctx)
    const { id: reaction = null } = await retryQueueValidator.validate(jsonBody(ctx))
    if (reaction !== null && !(await isDeadWork(queue, reaction))) {
      throw new E_NOT_FOUND()
    }
    await services().handlers.maintenance.requestQueueRetry(
      { queue, reaction },
      commandContextOf(ctx, ctx.auth.getUserOrFail())
    )
    const revived = await new JobLedger(services().pool).reviveDead(queue, reaction)
    return success({ revived }, 'Owed again')
  }
}

/** The queue in the route. @throws E_NOT_FOUND */
function nameIn(ctx: HttpContext): QueueName {
  const found = QUEUES.find((name) => name === ctx.request.param('name'))
  if (found === undefined) {
    throw new E_NOT_FOUND()
  }
  return found
}
