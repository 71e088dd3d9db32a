import { randomBytes } from 'node:crypto'

/** What a probe may use: an object of its own, and so long for each answer. */
export interface ProbeLimits {
  key: string
  /** Milliseconds. */
  patience: number
}

export interface Health {
  ok: boolean
  detail: string | null
}

const PATIENCE_MILLISECONDS = 1_500
/** Whoever asks within that time gets the same answer: each probe costs requests that may have to be paid for. */
const KEPT_MILLISECONDS = 5_000

/** The health of a store that others run, found out by using it; never by more than one probe at a time. */
export class RemoteHealth {
  readonly #probe: (limits: ProbeLimits) => Promise<void>
  #last: { at: number; report: Promise<Health> } | null = null

  constructor(probe: (limits: ProbeLimits) => Promise<void>) {
    this.#probe = probe
  }

  report(): Promise<Health> {
    const now = performance.now()
    if (this.#last === null || now - this.#last.at > KEPT_MILLISECONDS) {
      this.#last = { at: now, report: this.#ask() }
    }
    return this.#last.report
  }

  async #ask(): Promise<Health> {
    try {
      await this.#probe({
        key: `picfast-health-${randomBytes(8).toString('hex')}`,
        patience: PATIENCE_MILLISECONDS,
      })
      return { ok: true, detail: null }
    } catch (error) {
      return { ok: false, detail: error instanceof Error ? error.message : String(error) }
    }
  }
}
