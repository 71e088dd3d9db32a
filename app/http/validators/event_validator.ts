import vine from '@vinejs/vine'
import type { EventFilter } from '#read_models/event_queries'
import { text, wholeNumber } from './fields.ts'
import { moment, parseMoment } from './moments.ts'
import { pageFields } from './page_validator.ts'

const POSITION = /^\d{1,15}$/

/** A position in the log; 0 is before its first event. */
export function parsePosition(place: string): number | null {
  return POSITION.test(place) ? Number(place) : null
}

/** A position in the log, or a moment as RFC 3339 in UTC (of a date, its end); `null` for anything else. */
export function parsePlaceInTime(place: string): string | number | null {
  return parsePosition(place) ?? parseMoment(place, 'end')?.toISOString() ?? null
}

const isPlaceInTime = vine.createRule((value, _options, field) => {
  if (typeof value !== 'string' || parsePlaceInTime(value) === null) {
    field.report(
      'The {{ field }} field must be a position in the log, a date or an RFC 3339 time',
      'placeInTime',
      field
    )
  }
})

const placeInTime = () =>
  vine
    .string()
    .maxLength(40)
    .use(isPlaceInTime())
    .transform((value): string | number => parsePlaceInTime(value) ?? value)

const pageSize = pageFields.page_size
/** The version or position that the answer before named. */
const cursor = wholeNumber(1, Number.MAX_SAFE_INTEGER)

export const historyValidator = vine.create({
  as_of: placeInTime().optional(),
  page_size: pageSize.clone(),
  cursor: cursor.clone().optional(),
})

/** What the log can be narrowed to. */
const filterFields = {
  type: text(100).optional(),
  stream: text(100).optional(),
  actor_user_id: wholeNumber(1, Number.MAX_SAFE_INTEGER).optional(),
  correlation_id: text(128).optional(),
  date_from: moment('start').optional(),
  date_to: moment('end').optional(),
}

export const listEventsValidator = vine.create({
  ...filterFields,
  page_size: pageSize.clone(),
  cursor: cursor.clone().optional(),
})

export const liveEventsValidator = vine.create({
  ...filterFields,
  after: wholeNumber(0, Number.MAX_SAFE_INTEGER).optional(),
})

export function eventFilterOf(query: {
  type?: string
  stream?: string
  actor_user_id?: number
  correlation_id?: string
  date_from?: string
  date_to?: string
}): EventFilter {
  return {
    type: query.type,
    stream: query.stream,
    actorUserId: query.actor_user_id,
    correlationId: query.correlation_id,
    recordedFrom: query.date_from,
    recordedTo: query.date_to,
  }
}
