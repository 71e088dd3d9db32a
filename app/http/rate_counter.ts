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

/** What the common count has granted of the tries that were asked for. */
export interface Grant {
  granted: number
  /** Of the limit, those granted now included. */
  used: number
  /** Until the time begins anew. */
  milliseconds: number
}

/** Whose tries come faster than this get some ahead. */
const QUICK_MILLISECONDS = 1_000
/** This share of what is left is taken ahead at most, so that the last tries are counted one by one. */
const AHEAD_SHARE = 1 / 64
const MOST_AHEAD = 128

/**
 * The tries of one subject against one rate, as this process sees them. They are taken from a count that all processes
 * share: one by one, and some ahead for whom they come quickly, so that nobody waits for the count. A limit is never
 * exceeded; what a process has taken ahead and does not need is lost to the others until the time begins anew.
 */
export class RateCounter {
  readonly #rate: Rate
  readonly #ask: (tries: number) => Promise<Grant>
  #waiting: Array<PromiseWithResolvers<Allowance>> = []
  #asking = false
  /** Taken and not used yet. */
  #ahead = 0
  #used = 0
  #endsAt = 0
  #askedAt = Number.NEGATIVE_INFINITY
  #lastGranted = 1

  /** `ask` takes tries from the common count, so many or fewer. */
  constructor(rate: Rate, ask: (tries: number) => Promise<Grant>) {
    this.#rate = rate
    this.#ask = ask
  }

  /** Counts a try; rejects with the error of the common count. */
  take(now = performance.now()): Allowance | Promise<Allowance> {
    if (this.#ahead > 0 && now < this.#endsAt) {
      this.#ahead -= 1
      if (!this.#asking && this.#ahead < this.#wantedAhead(now) / 2) {
        void this.#askForAll()
      }
      return this.#allowance(now, true)
    }
    const waiting = Promise.withResolvers<Allowance>()
    this.#waiting.push(waiting)
    if (!this.#asking) {
      void this.#askForAll()
    }
    return waiting.promise
  }

  async #askForAll(): Promise<void> {
    this.#asking = true
    // Those who come in the same turn of the event loop are counted together.
    await Promise.resolve()
    do {
      const waiting = this.#waiting
      this.#waiting = []
      try {
        await this.#askFor(waiting)
      } catch (error) {
        waiting.forEach(({ reject }) => reject(error))
      }
    } while (this.#waiting.length > 0)
    this.#asking = false
  }

  async #askFor(waiting: Array<PromiseWithResolvers<Allowance>>): Promise<void> {
    // Before it is asked, so that the time is over here no later than there.
    const askedAt = performance.now()
    const ahead = Math.max(0, this.#wantedAhead(askedAt) - this.#ahead)
    const { granted, used, milliseconds } = await this.#ask(waiting.length + ahead)
    const endsAt = askedAt + milliseconds
    // What was taken in the time before is worth nothing in a new one. Of the same one the end is told a little differently.
    const isSameTime = endsAt - this.#endsAt < (this.#rate.seconds * 1_000) / 2
    this.#ahead = granted + (isSameTime ? this.#ahead : 0)
    this.#endsAt = isSameTime ? Math.max(endsAt, this.#endsAt) : endsAt
    this.#used = used
    this.#askedAt = askedAt
    this.#lastGranted = granted
    for (const { resolve } of waiting) {
      const allowed = this.#ahead > 0
      this.#ahead -= allowed ? 1 : 0
      resolve(this.#allowance(askedAt, allowed))
    }
  }

  /** How many tries are to be there before they come. */
  #wantedAhead(now: number): number {
    if (now - this.#askedAt > QUICK_MILLISECONDS || now >= this.#endsAt) {
      return 0
    }
    const left = Math.floor((this.#rate.tries - this.#used) * AHEAD_SHARE)
    return Math.max(0, Math.min(left, 2 * this.#lastGranted, MOST_AHEAD))
  }

  #allowance(now: number, allowed: boolean): Allowance {
    const { tries } = this.#rate
    return {
      limit: tries,
      remaining: Math.max(0, tries - this.#used) + this.#ahead,
      resetSeconds: Math.max(1, Math.ceil((this.#endsAt - now) / 1_000)),
      allowed,
    }
  }
}
