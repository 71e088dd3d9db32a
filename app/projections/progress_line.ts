import type { Writable } from 'node:stream'

const EVERY_MILLISECONDS = 200
const BAR_WIDTH = 30

/**
 * One line that shows how far long work has come and how fast it goes: redrawn on a terminal, now and then a new line
 * elsewhere.
 */
export class ProgressLine {
  readonly #title: string
  readonly #unit: string
  readonly #stream: Writable & { isTTY?: boolean }
  readonly #startedAt = performance.now()
  #drawnAt = 0
  #drawnDone = -1
  #drawn = false

  constructor(
    title: string,
    {
      unit = 'events',
      stream = process.stderr,
    }: { unit?: string; stream?: Writable & { isTTY?: boolean } } = {}
  ) {
    this.#title = title
    this.#unit = unit
    this.#stream = stream
  }

  update(done: number, total: number): void {
    const now = performance.now()
    const every = this.#stream.isTTY ? EVERY_MILLISECONDS : EVERY_MILLISECONDS * 25
    const isDue = now - this.#drawnAt >= every || done >= total
    if (!isDue || (done === this.#drawnDone && this.#drawn)) {
      return
    }
    this.#drawnAt = now
    this.#drawnDone = done
    this.#drawn = true
    const share = total === 0 ? 1 : Math.min(1, done / total)
    const filled = Math.round(share * BAR_WIDTH)
    const bar = '█'.repeat(filled) + '░'.repeat(BAR_WIDTH - filled)
    const rate = Math.round(done / ((now - this.#startedAt) / 1000))
    const line = `${this.#title} ${bar} ${Math.floor(share * 100)} % · ${done}/${total} ${this.#unit} · ${rate}/s`
    this.#stream.write(this.#stream.isTTY ? `\r\u001b[2K${line}` : `${line}\n`)
  }

  /** Ends the line, so that what follows stands on its own. */
  end(): void {
    if (this.#drawn && this.#stream.isTTY) {
      this.#stream.write('\n')
    }
    this.#drawn = false
  }
}
