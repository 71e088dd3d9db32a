import { createHmac } from 'node:crypto'
import type { Redis } from 'ioredis'
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible'

/** So many tries in a time that begins with the first of them. */
export interface Rate {
  tries: number
  seconds: number
}

/** What is left to a subject after a try. */
export interface Allowance {
  limit: number
  remaining: number
  /** Seconds until the time begins anew, rounded up. */
  resetSeconds: number
  allowed: boolean
}

export interface RateLimiterOptions {
  redis: Redis
  /** Subjects are kept as keyed fingerprints: Redis holds neither addresses nor e-mail. */
  appKey: string
}

/**
 * Counts tries in Redis, so that a limit holds across processes. While Redis is away each process counts by itself:
 * limits are then as many times wider as there are processes, but never gone.
 */
export class RateLimiter {
  readonly #options: RateLimiterOptions
  readonly #counters = new Map<string, RateLimiterRedis>()

  constructor(options: RateLimiterOptions) {
    this.#options = options
  }

  /** Counts one try of a subject against a rate; `name` tells the counts of several rates apart. */
  async take(name: string, rate: Rate, subject: string): Promise<Allowance> {
    const counter = this.#counterOf(name, rate)
    try {
      return allowanceOf(rate, await counter.consume(this.#fingerprint(subject)), true)
    } catch (refusal) {
      if (refusal instanceof RateLimiterRes) {
        return allowanceOf(rate, refusal, false)
      }
      throw refusal
    }
  }

  #counterOf(name: string, { tries, seconds }: Rate): RateLimiterRedis {
    const known = this.#counters.get(name)
    if (known !== undefined) {
      return known
    }
    const shape = { keyPrefix: `picfast:rate:${name}`, points: tries, duration: seconds }
    const counter = new RateLimiterRedis({
      ...shape,
      storeClient: this.#options.redis,
      rejectIfRedisNotReady: true,
      insuranceLimiter: new RateLimiterMemory(shape),
    })
    this.#counters.set(name, counter)
    return counter
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
