import vine from '@vinejs/vine'

const DATE = /^\d{4}-\d{2}-\d{2}$/
const DATE_TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:\d{2})$/
const LAST_MILLISECOND = 24 * 60 * 60 * 1000 - 1

/**
 * The moment that a date (`2026-01-31`, in UTC) or an RFC 3339 date and time stands for, or `null` when it is neither.
 * A date alone is its first or its last millisecond.
 */
export function parseMoment(text: string, edge: 'start' | 'end'): Date | null {
  const dateOnly = DATE.test(text)
  if (!dateOnly && !DATE_TIME.test(text)) {
    return null
  }
  const milliseconds = Date.parse(text)
  const isReal = !Number.isNaN(milliseconds) && daysOfMonthMatch(text)
  if (!isReal) {
    return null
  }
  return new Date(dateOnly && edge === 'end' ? milliseconds + LAST_MILLISECOND : milliseconds)
}

/** `Date.parse` takes the 30th of February for the 1st of March. */
function daysOfMonthMatch(text: string): boolean {
  const day = new Date(`${text.slice(0, 10)}T00:00:00Z`)
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text.slice(0, 10))
}

const isMoment = vine.createRule((value, _options, field) => {
  if (typeof value === 'string' && parseMoment(value, 'start') === null) {
    field.report('The {{ field }} field must be a date or an RFC 3339 time', 'moment', field)
  }
})

/** A moment in a query, as RFC 3339 in UTC. */
export const moment = (edge: 'start' | 'end') =>
  vine
    .string()
    .maxLength(40)
    .use(isMoment())
    .transform((value) => parseMoment(value, edge)?.toISOString() ?? value)
