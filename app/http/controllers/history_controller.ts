import type { HttpContext } from '@adonisjs/core/http'
import { isAdmin } from '#auth/identity'
import { peopleBehind } from '#http/acting_people'
import { success } from '#http/envelope'
import { E_NOT_FOUND } from '#http/errors'
import { givenValues } from '#http/given_values'
import { readHistory, type History } from '#http/history'
import { keyParam, streamParam } from '#http/route_params'
import {
  transformEvent,
  transformHistory,
  type EventReader,
} from '#http/transformers/event_transformer'
import {
  eventFilterOf,
  historyValidator,
  listEventsValidator,
} from '#http/validators/event_validator'
import { findStreamOfKey, listEventPositions } from '#read_models/event_queries'
import { services } from '#start/services'

const PAGE_SIZE = 20

/** What happened: to one thing, and in the whole log. */
export default class HistoryController {
  /** Of an image, also one that is gone, for its owner and for administrators. */
  async image(ctx: HttpContext) {
    const identity = ctx.auth.getUserOrFail()
    const { accountId } = identity
    const stream = await findStreamOfKey(keyParam(ctx))
    const [upload] =
      stream === null ? [] : await services().eventStore.readStream(stream, { to: 1 })
    const isOwn = upload?.type === 'image.uploaded' && upload.data.owner_id === accountId
    const seesEveryone = isAdmin(identity) && identity.credential.kind === 'session'
    if (stream === null || !(isOwn || seesEveryone)) {
      throw new E_NOT_FOUND()
    }
    return this.#history(ctx, stream, { accountId, seesEveryone })
  }

  async stream(ctx: HttpContext) {
    const stream = streamParam(ctx)
    const { accountId } = ctx.auth.getUserOrFail()
    const [first] = await services().eventStore.readStream(stream, { to: 1 })
    if (first === undefined) {
      throw new E_NOT_FOUND()
    }
    return this.#history(ctx, stream, { accountId, seesEveryone: true })
  }

  async events(ctx: HttpContext) {
    const query = await listEventsValidator.validate(givenValues(ctx.request.qs()))
    const size = query.page_size ?? PAGE_SIZE
    const before = query.cursor ?? null
    const found = await listEventPositions(eventFilterOf(query), { before }, size + 1)
    const shown = found.slice(0, size)
    const events = (await services().eventStore.readAt(shown)).toReversed()
    const people = await peopleBehind(events)
    const reader = { accountId: ctx.auth.getUserOrFail().accountId, seesEveryone: true }
    return success({
      items: events.map((event) => transformEvent(event, people, reader)),
      next_cursor: found.length > size ? String(shown.at(-1)) : null,
    })
  }

  async #history(ctx: HttpContext, stream: string, reader: EventReader) {
    const query = await historyValidator.validate(givenValues(ctx.request.qs()))
    const asOf = query.as_of ?? null
    const history: History = await readHistory(services().eventStore, stream, {
      asOf,
      before: query.cursor ?? null,
      size: query.page_size ?? PAGE_SIZE,
    })
    const people = await peopleBehind(history.entries.map(({ event }) => event))
    return success(transformHistory(history, asOf, people, reader))
  }
}
