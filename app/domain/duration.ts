const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

const UNITS: Record<string, number> = {
  s: SECOND,
  m: MINUTE,
  h: HOUR,
  d: DAY,
  w: 7 * DAY,
  y: 365 * DAY,
}

const DURATION = /^([1-9]\d{0,8})([smhdwy])$/
const LONGEST = 100 * 365 * DAY

/**
 * The milliseconds of a duration such as `30m`, `24h`, `7d` or `1y` (s, m, h, d, w, and y of 365 days),
 * or `null` when it is not one. A century is the longest.
 */
export function parseDuration(text: string): number | null {
  const [, amount, unit] = DURATION.exec(text) ?? []
  if (amount === undefined || unit === undefined) {
    return null
  }
  const milliseconds = Number(amount) * (UNITS[unit] ?? Number.NaN)
  return milliseconds <= LONGEST ? milliseconds : null
}

/** The moment that lies a duration after `now` (milliseconds), as RFC 3339 in UTC; `null`, for ever, for what is none. */
export function momentAfter(duration: string | null | undefined, now: number): string | null {
  const milliseconds = parseDuration(duration ?? '')
  return milliseconds === null ? null : new Date(now + milliseconds).toISOString()
}
