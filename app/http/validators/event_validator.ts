import vine from '@vinejs/vine'
import { text, wholeNumber } from './fields.ts'
import { moment, parseMoment } from './moments.ts'
import { pageFields } from './page_validator.ts'

const POSITION = /^\d{1,15}$/

/** A position in the log, or a moment as RFC 3339 in UTC (of a date, its end); `null` for anything else. */
export function parsePlaceInTime(place: string): string | number | null {
  return POSITION.test(place) ? Number(place) : (parseMoment(place, 'end')?.toISOString() ?? null)
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
export const eventFilterFields = {
  type: text(100).optional(),
  stream: text(100).optional(),
  actor_user_id: wholeNumber(1, Number.MAX_SAFE_INTEGER).optional(),
  correlation_id: text(128).optional(),
}

export const listEventsValidator = vine.create({
  ...eventFilterFields,
  date_from: moment('start').optional(),
  date_to: moment('end').optional(),
  page_size: pageSize.clone(),
  cursor: cursor.clone().optional(),
})
