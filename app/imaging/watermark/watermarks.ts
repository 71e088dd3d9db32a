import { join } from 'node:path'
import { LRUCache } from 'lru-cache'
import { ImagingBusyError } from '../errors.ts'
import type { Budget } from '../workshop/tasks.ts'
import { WorkshopProcess } from '../workshop/workshop_process.ts'
import { FONT_SETTINGS, type Lettering } from './draw_text.ts'

const KEPT_TEXTS = 64
const MOST_WAITING = 64
const RETRY_AFTER_SECONDS = 5
const BUDGET: Budget = { cpuSeconds: 20, bytes: 600 * 1024 * 1024, seconds: 60 }

/**
 * Texts for watermarks, drawn with the fonts that come with PicFast and no others, so that they look the same everywhere.
 * Each is drawn once and kept, for few are used by many.
 */
export class Watermarks {
  readonly #folder: string
  readonly #drawn = new LRUCache<string, Promise<Uint8Array>>({ max: KEPT_TEXTS })
  #last: Promise<unknown> = Promise.resolve()
  #waiting = 0

  /** The folder is for the fonts that were unpacked; what is lost of it comes back. */
  constructor(options: { folder: string }) {
    this.#folder = options.folder
  }

  /**
   * The text as a picture on nothing, a PNG.
   *
   * @throws ImagingBusyError when too many wait already, ImagingError when it cannot be drawn
   */
  draw(lettering: Lettering): Promise<Uint8Array> {
    const name = JSON.stringify(lettering)
    const known = this.#drawn.get(name)
    if (known !== undefined) {
      return known
    }
    const drawing = this.#inTurn(() => this.#draw(lettering))
    this.#drawn.set(name, drawing)
    drawing.catch(() => this.#drawn.delete(name))
    return drawing
  }

  /** New texts are drawn one at a time. */
  async #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#waiting >= MOST_WAITING) {
      throw new ImagingBusyError(RETRY_AFTER_SECONDS)
    }
    this.#waiting += 1
    const turn = this.#last.then(work).finally(() => (this.#waiting -= 1))
    this.#last = turn.catch(() => {})
    return turn
  }

  /** In a new process: one that runs knows no fonts but those that it found when it began to draw. */
  async #draw(lettering: Lettering): Promise<Uint8Array> {
    const folder = this.#folder
    const draughtsman = new WorkshopProcess({ FONTCONFIG_FILE: join(folder, FONT_SETTINGS) })
    try {
      return await draughtsman.run({
        name: 'drawText',
        task: { ...lettering, folder },
        budget: BUDGET,
      })
    } finally {
      await draughtsman.end()
    }
  }
}
