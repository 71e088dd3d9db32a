import { Readable } from 'node:stream'
import type { HttpContext } from '@adonisjs/core/http'
import { peopleBehind } from '#http/acting_people'
import { InvalidFieldsError } from '#http/errors'
import { givenValues } from '#http/given_values'
import { followLog, type FollowedLog } from '#http/live_events/follow_log'
import { eventFrame, HEARTBEAT_FRAME, openingFrame, positionFrame } from '#http/live_events/frames'
import { endWithStanding, standingOf, type Standing } from '#http/live_events/standing'
import { transformEvent } from '#http/transformers/event_transformer'
import { eventFilterOf, liveEventsValidator, parsePosition } from '#http/validators/event_validator'
import { listEventPositions, type EventFilter } from '#read_models/event_queries'
import { services } from '#start/services'
import { webServices } from '#start/web_services'

const PAGE_SIZE = 100
/** Proxies give up on a connection on which nothing comes for a minute or so. */
const QUIET_MILLISECONDS = 15_000
/** What waits for a client to take it; a page more is in hand. */
const WAITING_BYTES = 16 * 1024

/** The log as it grows, for as long as its reader is an administrator. */
export default class LiveEventsController {
  async show(ctx: HttpContext) {
    const query = await liveEventsValidator.validate(givenValues(ctx.request.qs()))
    const filter = eventFilterOf(query)
    const { position: head } = await services().eventStore.head()
    const beginning = query.date_from === undefined ? head : 0
    const after = lastEventId(ctx) ?? query.after ?? beginning
    if (after > head) {
      throw new InvalidFieldsError({ after: [`The log ends at position ${head}`] })
    }

    const { response } = ctx
    response.header('Content-Type', 'text/event-stream; charset=utf-8')
    response.header('Cache-Control', 'no-store, no-transform')
    response.header('X-Accel-Buffering', 'no')
    if (ctx.request.method() === 'HEAD') {
      return response.status(200).send('')
    }
    return response.stream(this.#open(ctx, filter, { after, head }))
  }

  #open(ctx: HttpContext, filter: EventFilter, from: { after: number; head: number }): Readable {
    const { accountId } = ctx.auth.getUserOrFail()
    const { ending, leave } = webServices().liveStreams.enter(accountId)
    const raw = ctx.response.response
    raw.once('close', () => {
      ending.abort()
      leave()
    })
    ending.signal.addEventListener('abort', () => {
      // Whoever does not take what is there would not notice the end either.
      if (raw.writableNeedDrain) {
        raw.destroy()
      }
    })
    const standing = standingOf(ctx, from.head)
    endWithStanding(standing, ending)
    const frames = framesOf({ accountId, filter, after: from.after, standing }, ending.signal)
    return Readable.from(frames, { objectMode: false, highWaterMark: WAITING_BYTES })
  }
}

interface Following {
  accountId: number
  filter: EventFilter
  after: number
  standing: Standing
}

/** What a reader is sent. They are looked at after a page was read, so that nothing is sent from after their end. */
async function* framesOf(
  { accountId, filter, after, standing }: Following,
  ending: AbortSignal
): AsyncGenerator<string, void, void> {
  const reader = { accountId, seesEveryone: true }
  let told = after
  yield openingFrame(after)
  for await (const page of followLog(log(filter), { after, quietMs: QUIET_MILLISECONDS }, ending)) {
    if (!(await standing())) {
      return
    }
    const people = await peopleBehind(page.events)
    for (const event of page.events) {
      if (ending.aborted) {
        return
      }
      told = event.position
      yield eventFrame(event.position, transformEvent(event, people, reader))
    }
    if (page.events.length === 0) {
      yield page.through > told ? positionFrame(page.through) : HEARTBEAT_FRAME
      told = page.through
    }
  }
}

function log(filter: EventFilter): FollowedLog {
  const { eventStore } = services()
  return {
    onAppended: (listener) => eventStore.onAppended(listener),
    async read(after) {
      const { position: upTo } = await eventStore.head()
      if (upTo === after) {
        return { events: [], through: after, isFull: false }
      }
      const positions = await listEventPositions(filter, { after, upTo }, PAGE_SIZE)
      const events = positions.length === 0 ? [] : await eventStore.readAt(positions)
      const isFull = positions.length === PAGE_SIZE
      return { events, through: isFull ? (positions.at(-1) ?? upTo) : upTo, isFull }
    },
  }
}

/** Where a client that was cut off says it was; it says so in a header while its address stays what it was. */
function lastEventId(ctx: HttpContext): number | null {
  const given = ctx.request.header('last-event-id') ?? ''
  const position = parsePosition(given)
  if (given !== '' && position === null) {
    throw new InvalidFieldsError({ 'Last-Event-ID': ['It must be a position in the log'] })
  }
  return position
}
