import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { ArchiveUnreadableError } from '#event_store/errors'
import type { ThreadAnswer, ThreadOptions } from './segment_thread.ts'
import type { Answer, Hand, Order } from './segment_worker.ts'

const PROGRAM = new URL('./segment_thread.ts', import.meta.url)
/** A thread needs little: it keeps nothing of what it has read. */
const RESOURCE_LIMITS = { maxOldGenerationSizeMb: 96, maxYoungGenerationSizeMb: 4 }

/** Works in a thread beside this one. */
export class SegmentThread implements Hand {
  readonly #worker: Worker
  readonly #failed: Promise<never>

  constructor(options: ThreadOptions) {
    this.#worker = new Worker(PROGRAM, { workerData: options, resourceLimits: RESOURCE_LIMITS })
    this.#failed = new Promise((_resolve, reject) => this.#worker.once('error', reject))
    // It may fail before it is asked for anything; whoever asks is told then.
    this.#failed.catch(() => {})
  }

  /** Rejects with what has ended the thread, now or before. */
  async perform(order: Order): Promise<Answer> {
    const answered = once(this.#worker, 'message') as Promise<[ThreadAnswer]>
    answered.catch(() => {})
    this.#worker.postMessage(order)
    const [told] = await Promise.race([answered, this.#failed])
    if ('unreadable' in told) {
      throw new ArchiveUnreadableError(told.unreadable.file, told.unreadable.message)
    }
    return told.answer
  }

  async end(): Promise<void> {
    await this.#worker.terminate()
  }
}
