import { setTimeout as delay } from 'node:timers/promises'
import type { RecordedEvent } from '#event_store/port'

/** What a look at the log brought: all that was asked for up to `through`. */
export interface LogPage {
  events: RecordedEvent[]
  through: number
  /** There may be more already. */
  isFull: boolean
}

export interface FollowedLog {
  /** What comes after a position, oldest first: a page at most. */
  read(after: number): Promise<LogPage>
  /** Calls the listener when the log has grown. Returns how to stop. */
  onAppended(listener: () => void): () => void
}

/** A signal can be lost; the log is looked at this often all the same. */
const POLL_MILLISECONDS = 1_000
/** What comes on the heels of a page is gathered this long. */
const GATHER_MILLISECONDS = 50

/**
 * Page after page of the log from a position on, first what is there and then what comes, until it is told to end. The
 * next page is read when the one before has been taken, so that nothing piles up. An empty page says that all is quiet.
 */
export async function* followLog(
  log: FollowedLog,
  from: { after: number; quietMs: number },
  ending: AbortSignal
): AsyncGenerator<LogPage, void, void> {
  let { after } = from
  let toldAt = performance.now()
  let wake = () => {}
  const stopListening = log.onAppended(() => wake())
  const end = () => wake()
  ending.addEventListener('abort', end)
  try {
    while (!ending.aborted) {
      // A signal that comes while the log is read counts too.
      const signalled = new Promise<void>((resolve) => (wake = resolve))
      const page = await log.read(after)
      after = page.through
      const hasNews = page.events.length > 0
      if (hasNews || performance.now() - toldAt >= from.quietMs) {
        yield page
        toldAt = performance.now()
      }
      if (!hasNews) {
        await atMost(POLL_MILLISECONDS, signalled)
      } else if (!page.isFull) {
        await delay(GATHER_MILLISECONDS)
      }
    }
  } finally {
    stopListening()
    ending.removeEventListener('abort', end)
  }
}

async function atMost(milliseconds: number, awaited: Promise<void>): Promise<void> {
  const { promise: over, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, milliseconds)
  await Promise.race([awaited, over])
  clearTimeout(timer)
}
