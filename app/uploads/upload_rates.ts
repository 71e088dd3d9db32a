import { createHmac } from 'node:crypto'
import type { Redis } from 'ioredis'
import { UploadRateError } from './errors.ts'

/** How many uploads a subject may make in each window; `null` for no limit. */
export interface UploadLimits {
  minute: number | null
  hour: number | null
  day: number | null
  month: number | null
}

export interface UploadSubject {
  /** Whom the upload is counted for, such as `account:12` or `address:198.51.100.7`. */
  subject: string
  limits: UploadLimits
}

export interface UploadRatesOptions {
  redis: Redis
  /** Subjects are kept as keyed fingerprints: Redis holds no addresses. */
  appKey: string
  /** Milliseconds since 1970. */
  now?: () => number
}

/** An upload that was counted. */
export interface CountedUpload {
  /** Takes it back, when nothing was stored. */
  refund(): Promise<void>
}

interface Window {
  name: keyof UploadLimits
  key: string
  limit: number
  endsAt: number
}

/**
 * Counts in all windows, or in none. KEYS: the windows; ARGV: the limit and the end (milliseconds since 1970) of each.
 * Answers 0, or the number of the last window that is full; windows come from the shortest to the longest.
 */
const TAKE = `
local full = 0
for i, key in ipairs(KEYS) do
  if tonumber(redis.call('get', key) or '0') >= tonumber(ARGV[2 * i - 1]) then full = i end
end
if full > 0 then return full end
for i, key in ipairs(KEYS) do
  redis.call('incr', key)
  redis.call('pexpireat', key, ARGV[2 * i])
end
return 0
`

/** Takes one from each window that is still there. */
const REFUND = `
for _, key in ipairs(KEYS) do
  if tonumber(redis.call('get', key) or '0') > 0 then redis.call('decr', key) end
end
return 0
`

/**
 * The uploads that groups allow a minute, an hour, a day and a month, by the calendar in UTC. Counts lie in Redis and
 * hold across processes; while it is away each process counts by itself, from zero.
 */
export class UploadRates {
  readonly #redis: Redis
  readonly #appKey: string
  readonly #now: () => number
  /** What was counted while Redis was away. */
  readonly #local = new Map<string, { count: number; endsAt: number }>()

  constructor({ redis, appKey, now = Date.now }: UploadRatesOptions) {
    this.#redis = redis
    this.#appKey = appKey
    this.#now = now
  }

  /**
   * Counts one upload in every window that has a limit.
   *
   * @throws UploadRateError when one of them is full; then it is counted in none
   */
  async takeUpload({ subject, limits }: UploadSubject): Promise<CountedUpload> {
    const now = this.#now()
    const windows = this.#windows(subject, limits, now)
    if (windows.length === 0) {
      return { refund: async () => {} }
    }
    const { full, refund } = await this.#take(windows, now)
    if (full !== undefined) {
      const seconds = Math.max(1, Math.ceil((full.endsAt - now) / 1_000))
      throw new UploadRateError(
        `The limit of uploads ${PERIODS[full.name]} (${full.limit}) is reached`,
        seconds
      )
    }
    return { refund }
  }

  async #take(
    windows: Window[],
    now: number
  ): Promise<{ full?: Window; refund: () => Promise<void> }> {
    const keys = windows.map(({ key }) => key)
    try {
      const bounds = windows.flatMap(({ limit, endsAt }) => [limit, endsAt])
      const answer = await this.#redis.eval(TAKE, keys.length, ...keys, ...bounds)
      const full = windows[Number(answer) - 1]
      return { full, refund: () => this.#refund(keys) }
    } catch {
      return {
        full: this.#takeLocally(windows, now),
        refund: async () => this.#refundLocally(keys),
      }
    }
  }

  /** A refund that is lost leaves an upload fewer until the window's end. */
  async #refund(keys: string[]): Promise<void> {
    await this.#redis.eval(REFUND, keys.length, ...keys).catch(() => {})
  }

  #takeLocally(windows: Window[], now: number): Window | undefined {
    for (const [key, { endsAt }] of this.#local) {
      if (endsAt <= now) {
        this.#local.delete(key)
      }
    }
    const countOf = (key: string) => this.#local.get(key)?.count ?? 0
    const full = windows.findLast(({ key, limit }) => countOf(key) >= limit)
    if (full === undefined) {
      windows.forEach(({ key, endsAt }) => {
        this.#local.set(key, { count: countOf(key) + 1, endsAt })
      })
    }
    return full
  }

  #refundLocally(keys: string[]): void {
    for (const key of keys) {
      const counted = this.#local.get(key)
      if (counted !== undefined && counted.count > 0) {
        counted.count -= 1
      }
    }
  }

  #windows(subject: string, limits: UploadLimits, now: number): Window[] {
    const fingerprint = createHmac('sha256', this.#appKey).update(subject).digest('base64url')
    return WINDOWS.flatMap(({ name, start, end }) => {
      const limit = limits[name]
      const key = `picfast:uploads:${fingerprint}:${start(now)}`
      return limit === null ? [] : [{ name, key, limit, endsAt: end(now) }]
    })
  }
}

const PERIODS: Record<keyof UploadLimits, string> = {
  minute: 'a minute',
  hour: 'an hour',
  day: 'a day',
  month: 'a month',
}

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** From the shortest to the longest; a window is known by its beginning, cut to its precision. */
const WINDOWS = [
  { name: 'minute', start: beginning(16), end: endOf(MINUTE) },
  { name: 'hour', start: beginning(13), end: endOf(HOUR) },
  { name: 'day', start: beginning(10), end: endOf(DAY) },
  { name: 'month', start: beginning(7), end: endOfMonth },
] as const

function beginning(characters: number) {
  return (now: number) => new Date(now).toISOString().slice(0, characters)
}

function endOf(length: number) {
  return (now: number) => (Math.floor(now / length) + 1) * length
}

function endOfMonth(now: number): number {
  const date = new Date(now)
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1)
}
