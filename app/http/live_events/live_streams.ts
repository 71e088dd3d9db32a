import { ServerBusyError, TooManyRequestsError } from '#http/errors'

export interface LiveStreamBounds {
  /** Streams that this process serves at a time. */
  most: number
  /** Of these, streams of one account. */
  mostOfAccount: number
}

/** The place of one open stream. */
export interface LiveStreamPlace {
  /** Ends the stream, for whatever reason. */
  readonly ending: AbortController
  /** Makes room for another. */
  leave(): void
}

/** When a place may be free, or another process be there to ask. */
const RETRY_SECONDS = 5

/** The streams that are open: so many and no more, and none once the process ends. */
export class LiveStreams {
  readonly #bounds: LiveStreamBounds
  readonly #open = new Map<AbortController, number>()
  #closed = false

  constructor(bounds: LiveStreamBounds) {
    this.#bounds = bounds
  }

  /**
   * @throws TooManyRequestsError when the account has as many as it may
   * @throws ServerBusyError when the process has
   */
  enter(accountId: number): LiveStreamPlace {
    const ofAccount = [...this.#open.values()].filter((owner) => owner === accountId).length
    if (ofAccount >= this.#bounds.mostOfAccount) {
      const reason = `At most ${this.#bounds.mostOfAccount} streams of an account may be open`
      throw new TooManyRequestsError(reason, RETRY_SECONDS)
    }
    if (this.#closed || this.#open.size >= this.#bounds.most) {
      throw new ServerBusyError(RETRY_SECONDS)
    }
    const ending = new AbortController()
    this.#open.set(ending, accountId)
    return { ending, leave: () => this.#open.delete(ending) }
  }

  /** Ends all of them, and lets nobody in any more. */
  close(): void {
    this.#closed = true
    this.#open.keys().forEach((ending) => ending.abort())
  }
}
