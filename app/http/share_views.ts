import { randomUUID } from 'node:crypto'

/** How long views are gathered before they are recorded. */
const GATHERING_MILLISECONDS = 60_000

export interface ShareViewsPorts {
  /** Records views; a second time under the same command id it does nothing. */
  record(shareId: number, views: number, commandId: string): Promise<{ position: number }>
  warn(message: string, error: unknown): void
}

interface Batch {
  shareId: number
  views: number
  commandId: string
}

/**
 * Views of links that have no bound: gathered in memory and recorded once a minute, so that a link that many open
 * costs an event a minute and not one a view. What cannot be recorded is tried again, and counted once.
 */
export class ShareViews {
  readonly #ports: ShareViewsPorts
  #gathered = new Map<number, number>()
  #batches: Batch[] = []
  #timer: NodeJS.Timeout | null = null
  #recording: Promise<void> = Promise.resolve()
  #position = 0

  constructor(ports: ShareViewsPorts) {
    this.#ports = ports
  }

  count(shareId: number): void {
    this.#gathered.set(shareId, (this.#gathered.get(shareId) ?? 0) + 1)
    this.#timer ??= setTimeout(() => void this.settle(), GATHERING_MILLISECONDS).unref()
  }

  /** Records what was gathered; answers the last position at which this process recorded any, 0 for none. */
  async settle(): Promise<number> {
    this.#recording = this.#recording.then(() => this.#record())
    await this.#recording
    return this.#position
  }

  async #record(): Promise<void> {
    if (this.#timer !== null) {
      clearTimeout(this.#timer)
      this.#timer = null
    }
    for (const [shareId, views] of this.#gathered) {
      this.#batches.push({ shareId, views, commandId: `share views ${randomUUID()}` })
    }
    this.#gathered = new Map()
    const failed: Batch[] = []
    await Promise.all(
      this.#batches.map(async (batch) => {
        try {
          const { shareId, views, commandId } = batch
          const { position } = await this.#ports.record(shareId, views, commandId)
          this.#position = Math.max(this.#position, position)
        } catch (error) {
          failed.push(batch)
          this.#ports.warn('Views of a shared link could not be recorded yet', error)
        }
      })
    )
    this.#batches = failed
    if (failed.length > 0) {
      this.#timer ??= setTimeout(() => void this.settle(), GATHERING_MILLISECONDS).unref()
    }
  }
}
