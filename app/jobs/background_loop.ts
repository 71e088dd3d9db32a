import { setTimeout as delay } from 'node:timers/promises'

/** Runs a step again and again: at once while it says there is more, when woken, and otherwise after a pause. */
export class BackgroundLoop {
  readonly #step: () => Promise<boolean>
  readonly #pauseMs: number
  readonly #gatherMs: number
  readonly #failed: (error: unknown) => void
  #stopping = false
  #woken = false
  #wake: () => void = () => {}
  #running: Promise<void> | null = null

  /**
   * `step` answers whether there is more to do; when it throws, it is tried again after the pause. Once woken, it waits for
   * `gatherMs`, so that those who wake it in quick succession wake it once.
   */
  constructor(options: {
    step: () => Promise<boolean>
    pauseMs: number
    gatherMs?: number
    failed: (error: unknown) => void
  }) {
    this.#step = options.step
    this.#pauseMs = options.pauseMs
    this.#gatherMs = options.gatherMs ?? 0
    this.#failed = options.failed
  }

  start(): void {
    this.#running ??= this.#run()
  }

  wake(): void {
    this.#woken = true
    this.#wake()
  }

  /** Finishes the step in hand. */
  async stop(): Promise<void> {
    this.#stopping = true
    this.#wake()
    await this.#running
  }

  async #run() {
    while (!this.#stopping) {
      this.#woken = false
      let more = false
      try {
        more = await this.#step()
      } catch (error) {
        this.#failed(error)
      }
      if (!more) {
        await this.#pause()
      }
    }
  }

  async #pause(): Promise<void> {
    if (!this.#woken && !this.#stopping) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, this.#pauseMs)
        this.#wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
    if (this.#woken && !this.#stopping && this.#gatherMs > 0) {
      await delay(this.#gatherMs)
    }
  }
}
