import { setTimeout as delay } from 'node:timers/promises'

/** For so long, from before the database was asked, a process may go by the stamps that it has read. */
export const LEASE_MILLISECONDS = 2

/** What is acknowledged has been there for so long: a little longer, as no two clocks run alike. */
const HOLD_MILLISECONDS = 2.5

/** Resolves when no process goes any more by stamps that it has read before now; see `docs/caching.md`. */
export async function untilLeasesAreOver(): Promise<void> {
  const end = performance.now() + HOLD_MILLISECONDS
  // A timer may be early by what the turn of the event loop that sets it has taken.
  for (let left = HOLD_MILLISECONDS; left > 0; left = end - performance.now()) {
    await delay(Math.ceil(left))
  }
}
