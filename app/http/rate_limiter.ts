import { createHmac } from 'node:crypto'
import type { Redis } from 'ioredis'
import { LRUCache } from 'lru-cache'
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'
import { RateCounter, type Allowance, type Grant, type Rate } from './rate_counter.ts'

export type { Allowance, Rate } from './rate_counter.ts'

export interface RateLimiterOptions {
  redis: Redis
  /** Subjects are kept as keyed fingerprints: Redis holds neither addresses nor e-mail. */
  appKey: string
}

/**
 * Takes tries from a subject's count, as many as there are. KEYS: the count; ARGV: how many are wanted, the limit, and
 * the time in milliseconds. Answers how many were granted, how many are used, and how long the time still lasts.
 */
const TAKE = `
local used = tonumber(redis.call('get', KEYS[1]) or '0')
local granted = math.max(0, math.min(tonumber(ARGV[1]), tonumber(ARGV[2]) - used))
if granted > 0 then
  used = redis.call('incrby', KEYS[1], granted)
  if used == granted then redis.call('pexpire', KEYS[1], ARGV[3]) end
end
return { granted, used, redis.call('pttl', KEYS[1]) }
`

/** Subjects whose counts are known here; Redis knows all. */
const KNOWN_SUBJECTS = 20_000

/**
 * Counts tries in Redis, so that a limit holds across processes. While Redis is away each process counts by itself:
 * limits are then as many times wider as there are processes, but never gone.
 */
export class RateLimiter {
  readonly #options: RateLimiterOptions
  readonly #counters = new LRUCache<string, RateCounter>({ max: KNOWN_SUBJECTS })
  /** By the name of their rate. */
  readonly #insurances = new Map<string, RateLimiterMemory>()

  constructor(options: RateLimiterOptions) {
    this.#options = options
  }

  /** Counts one try of a subject against a rate; `name` tells the counts of several rates apart. */
  async take(name: string, rate: Rate, subject: string): Promise<Allowance> {
    const key = `${name}\n${subject}`
    let counter = this.#counters.get(key)
    if (counter === undefined) {
      const redisKey = `picfast:rate:${name}:${this.#fingerprint(subject)}`
      counter = new RateCounter(rate, (tries) => this.#ask(redisKey, rate, tries))
      this.#counters.set(key, counter)
    }
    try {
      return await counter.take()
    } catch {
      return this.#takeLocally(name, rate, subject)
    }
  }

  async #ask(key: string, { tries, seconds }: Rate, wanted: number): Promise<Grant> {
    const answer: unknown = await this.#options.redis.eval(
      TAKE,
      1,
      key,
      wanted,
      tries,
      seconds * 1_000
    )
    const [granted, used, milliseconds] = Array.isArray(answer) ? answer.map(Number) : []
    if (granted === undefined || used === undefined || milliseconds === undefined) {
      throw new TypeError('The count of tries was answered in another shape')
    }
    return { granted, used, milliseconds }
  }

  async #takeLocally(name: string, rate: Rate, subject: string): Promise<Allowance> {
    const { tries, seconds } = rate
    let insurance = this.#insurances.get(name)
    if (insurance === undefined) {
      insurance = new RateLimiterMemory({ points: tries, duration: seconds })
      this.#insurances.set(name, insurance)
    }
    try {
      return allowanceOf(rate, await insurance.consume(subject), true)
    } catch (refusal) {
      if (refusal instanceof RateLimiterRes) {
        return allowanceOf(rate, refusal, false)
      }
      throw refusal
    }
  }

  #fingerprint(subject: string): string {
    return createHmac('sha256', this.#options.appKey).update(subject).digest('base64url')
  }
}

function allowanceOf({ tries }: Rate, result: RateLimiterRes, allowed: boolean): Allowance {
  return {
    limit: tries,
    remaining: Math.max(0, result.remainingPoints),
    resetSeconds: Math.max(1, Math.ceil(result.msBeforeNext / 1_000)),
    allowed,
  }
}
