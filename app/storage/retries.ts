import { setTimeout as delay } from 'node:timers/promises'
import { PassingStorageError } from './errors.ts'

const FIRST_PAUSE_MILLISECONDS = 200
/** Whoever waits for an answer has waited long enough by then. */
const LATEST_START_MILLISECONDS = 15_000

export interface RetryOptions {
  /** How often it is tried in all; 4 times unless told. */
  attempts?: number
}

/** Does a piece of work again while it fails for the moment only; pauses double, and no two clients keep step. */
export async function withRetries<Result>(
  work: () => Promise<Result>,
  { attempts = 4 }: RetryOptions = {}
): Promise<Result> {
  const startedAt = performance.now()
  for (let attempt = 1; ; attempt++) {
    try {
      return await work()
    } catch (error) {
      const isTooLate = performance.now() - startedAt > LATEST_START_MILLISECONDS
      if (!(error instanceof PassingStorageError) || attempt >= attempts || isTooLate) {
        throw error
      }
      const pause = FIRST_PAUSE_MILLISECONDS * 2 ** (attempt - 1)
      await delay(pause * (0.5 + Math.random() / 2))
    }
  }
}
