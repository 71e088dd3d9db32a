import type { EventStore, RecordedFact } from '#event_store/port'

const KEPT_PAGES = 4

/** Reads the log once for all who follow it: the last pages stay in memory. */
export class PageReader {
  readonly #store: Pick<EventStore, 'readFacts'>
  readonly #pages = new Map<string, Promise<RecordedFact[]>>()

  constructor(store: Pick<EventStore, 'readFacts'>) {
    this.#store = store
  }

  /** Up to `limit` events after a position, and no later than `upTo`. Short pages are not kept: the log may grow. */
  read(after: number, limit: number, upTo?: number): Promise<RecordedFact[]> {
    return this.#fetch(after, limit, upTo)
  }

  /** The same for a reader whom nobody follows: the page is over with when it is. */
  take(after: number, limit: number, upTo?: number): Promise<RecordedFact[]> {
    const page = this.#fetch(after, limit, upTo)
    this.#pages.delete(nameOf(after, limit, upTo))
    return page
  }

  /** Fetches a page that will be read soon, and opens its events, while the caller waits for the database. */
  readAhead(after: number, limit: number, upTo?: number): void {
    this.#fetch(after, limit, upTo).then(
      (events) => events.forEach(({ data }) => data),
      () => {}
    )
  }

  #fetch(after: number, limit: number, upTo?: number): Promise<RecordedFact[]> {
    const name = nameOf(after, limit, upTo)
    const known = this.#pages.get(name)
    if (known !== undefined) {
      return known
    }
    const page = this.#store.readFacts({ after, limit, upTo }).then(
      (events) => {
        if (events.length < limit) {
          this.#pages.delete(name)
        }
        return events
      },
      (error) => {
        this.#pages.delete(name)
        throw error
      }
    )
    this.#pages.set(name, page)
    for (const oldest of [...this.#pages.keys()].slice(0, -KEPT_PAGES)) {
      this.#pages.delete(oldest)
    }
    return page
  }
}

function nameOf(after: number, limit: number, upTo = Number.POSITIVE_INFINITY): string {
  return `${after} ${limit} ${upTo}`
}
