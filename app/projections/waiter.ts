import type pg from 'pg'
import { PostgresConnection } from '#event_store/postgres_connection'
import { postgresSession } from '#event_store/postgres_session'
import { parseAnnouncement, READ_MODELS_CHANNEL } from './announcement.ts'
import { readCheckpoints } from './checkpoints.ts'

/** A notification can be lost with its connection: while somebody waits, the checkpoints are looked at this often. */
const POLL_MILLISECONDS = 100
const LOOK_MILLISECONDS = 2_000

interface Waiting {
  position: number
  names: readonly string[]
  resolve: (reached: boolean) => void
  timer: NodeJS.Timeout
}

/** Lets whoever wrote wait until the read models it answers from show it. */
export class ReadModelWaiter {
  readonly #connection: PostgresConnection
  readonly #positions = new Map<string, number>()
  readonly #waiting = new Set<Waiting>()
  #polling: NodeJS.Timeout | null = null
  #looking = false
  /** Whether something may have been announced that nobody heard. */
  #lookIsDue = true

  constructor(connectionString: string) {
    this.#connection = new PostgresConnection(
      postgresSession(connectionString, { patience: LOOK_MILLISECONDS }),
      (client) => this.#listen(client)
    )
  }

  /** True when the named read models have reached the position, false when they have not in time. */
  waitFor(position: number, names: readonly string[], timeoutMs: number): Promise<boolean> {
    if (this.#isReached(position, names)) {
      return Promise.resolve(true)
    }
    return new Promise((resolve) => {
      const waiting: Waiting = {
        position,
        names,
        resolve,
        timer: setTimeout(() => this.#settle(waiting, false), timeoutMs),
      }
      this.#waiting.add(waiting)
      if (this.#lookIsDue) {
        void this.#look()
      }
      this.#polling ??= setInterval(() => void this.#look(), POLL_MILLISECONDS)
    })
  }

  async close(): Promise<void> {
    for (const waiting of this.#waiting) {
      this.#settle(waiting, false)
    }
    await this.#connection.close()
  }

  #isReached(position: number, names: readonly string[]) {
    return names.every((name) => (this.#positions.get(name) ?? 0) >= position)
  }

  #settle(waiting: Waiting, reached: boolean) {
    clearTimeout(waiting.timer)
    this.#waiting.delete(waiting)
    if (this.#waiting.size === 0 && this.#polling !== null) {
      clearInterval(this.#polling)
      this.#polling = null
    }
    waiting.resolve(reached)
  }

  #settleReached() {
    for (const waiting of this.#waiting) {
      if (this.#isReached(waiting.position, waiting.names)) {
        this.#settle(waiting, true)
      }
    }
  }

  async #listen(client: pg.Client) {
    client.on('notification', ({ payload }) => {
      const { projections, position } = parseAnnouncement(payload ?? '')
      projections.forEach((name) => this.#positions.set(name, position))
      this.#settleReached()
    })
    // What was announced while nobody listened is not known: a read model may even have been rolled back.
    this.#positions.clear()
    this.#lookIsDue = true
    await client.query(`listen ${READ_MODELS_CHANNEL}`)
  }

  async #look() {
    if (this.#looking) {
      return
    }
    this.#looking = true
    try {
      const client = await this.#connection.client()
      this.#lookIsDue = false
      for (const { projection, position } of await readCheckpoints(client, 'live')) {
        this.#positions.set(projection, position)
      }
      this.#settleReached()
    } catch {
      this.#lookIsDue = true
      // Whoever waits is answered at its time-out.
      this.#connection.discard()
    } finally {
      this.#looking = false
    }
  }
}
