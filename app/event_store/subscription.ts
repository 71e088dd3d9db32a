import type { EventStore, SubscribeOptions, Subscription, SubscriptionBatch } from './port.ts'

const DEFAULT_BATCH = 1_000
/** A signal can be lost; the log is looked at this often all the same. */
const POLL_MILLISECONDS = 1_000
const RETRY_MILLISECONDS = 200

/**
 * Reads on from a position for ever: page after page while there are events, then woken by the store's signal.
 * The next page is read while the handler works on this one. A store that cannot be reached is tried again.
 */
export function subscribeByReading(
  store: Pick<EventStore, 'readAll' | 'head' | 'onAppended'>,
  options: SubscribeOptions,
  handler: (batch: SubscriptionBatch) => Promise<void> | void,
  isUnavailable: (error: unknown) => boolean
): Subscription {
  const limit = options.batchSize ?? DEFAULT_BATCH
  const filtered = options.types !== undefined || options.categories !== undefined
  let closing = false
  let wake: () => void = () => {}
  const stopListening = store.onAppended(() => wake())

  const readPage = async (after: number): Promise<SubscriptionBatch> => {
    const upTo = filtered ? (await store.head()).position : undefined
    const events = await store.readAll({
      after,
      limit,
      types: options.types,
      categories: options.categories,
      upTo,
    })
    const last = events.at(-1)?.position ?? after
    return { events, through: events.length < limit && upTo !== undefined ? upTo : last }
  }

  const tryPage = async (after: number): Promise<SubscriptionBatch | null> => {
    try {
      return await readPage(after)
    } catch (error) {
      if (isUnavailable(error)) {
        return null
      }
      throw error
    }
  }

  const sleep = (milliseconds: number) =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, milliseconds)
      wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })

  const run = async () => {
    let after = options.after
    let ahead: Promise<SubscriptionBatch | null> | null = null
    while (!closing) {
      let signalled = false
      wake = () => {
        signalled = true
      }
      const page: SubscriptionBatch | null = await (ahead ?? tryPage(after))
      ahead = null
      if (closing) {
        break
      }
      if (page === null) {
        await sleep(RETRY_MILLISECONDS)
        continue
      }
      if (page.through > after) {
        after = page.through
        if (page.events.length === limit) {
          ahead = tryPage(after)
          // Its failure is met when it is awaited; until then it must not count as unhandled.
          ahead.catch(() => {})
        }
        await handler(page)
      } else if (!signalled) {
        await sleep(POLL_MILLISECONDS)
      }
    }
  }

  const ended = run().finally(stopListening)
  ended.catch(() => {})
  return {
    ended,
    async close() {
      closing = true
      wake()
      await ended.catch(() => {})
    },
  }
}
