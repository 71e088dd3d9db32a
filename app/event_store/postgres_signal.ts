import { setTimeout as delay } from 'node:timers/promises'
import type pg from 'pg'
import { PostgresConnection } from './postgres_connection.ts'
import { postgresSession } from './postgres_session.ts'

const CHANNEL = 'picfast_log'
const RECONNECT_MILLISECONDS = 250
const STATEMENT_MILLISECONDS = 3_000
/** The first notification goes at once; those that would follow on its heels are gathered this long. */
const DEBOUNCE_MILLISECONDS = 5

/**
 * Tells every process that the log has grown. The notification is sent after the commit, from a connection of its own
 * and at most one at a time, so that it costs the appends nothing; whoever misses one finds the events by looking.
 */
export class PostgresSignal {
  readonly #connection: PostgresConnection
  readonly #listeners = new Set<(position: number) => void>()
  #announced = 0
  #pending = 0
  #sending = false
  #reconnect: NodeJS.Timeout | null = null
  #closed = false

  constructor(connectionString: string) {
    const session = postgresSession(connectionString, {
      patience: STATEMENT_MILLISECONDS,
      settings: ['synchronous_commit=off'],
    })
    this.#connection = new PostgresConnection(session, (client) => this.#listen(client))
  }

  /** Announces a position that has been committed. */
  announce(position: number) {
    this.#pending = Math.max(this.#pending, position)
    this.#emit(position)
    if (!this.#sending && !this.#closed) {
      this.#sending = true
      void this.#send()
    }
  }

  onAppended(listener: (position: number) => void): () => void {
    this.#listeners.add(listener)
    this.#stayConnected()
    return () => this.#listeners.delete(listener)
  }

  async close() {
    this.#closed = true
    this.#listeners.clear()
    if (this.#reconnect !== null) {
      clearTimeout(this.#reconnect)
    }
    await this.#connection.close()
  }

  async #send() {
    try {
      while (this.#pending > 0 && !this.#closed) {
        const position = this.#pending
        this.#pending = 0
        const client = await this.#connection.client()
        await client.query({
          name: 'announce',
          text: 'select pg_notify($1, $2)',
          values: [CHANNEL, String(position)],
        })
        await delay(DEBOUNCE_MILLISECONDS)
      }
    } catch {
      // Listeners poll as well; the next append tries again.
      this.#connection.discard()
    } finally {
      this.#sending = false
    }
  }

  async #listen(client: pg.Client) {
    client.on('notification', ({ payload }) => this.#emit(Number(payload)))
    client.on('end', () => this.#reconnectSoon())
    await client.query(`listen ${CHANNEL}`)
    const { rows } = await client.query<{ position: string }>('select position from log.head')
    this.#emit(Number(rows[0]?.position ?? 0))
  }

  #emit(position: number) {
    if (position > this.#announced) {
      this.#announced = position
      this.#listeners.forEach((listener) => listener(position))
    }
  }

  #stayConnected() {
    if (!this.#closed && this.#listeners.size > 0) {
      this.#connection.client().catch(() => this.#reconnectSoon())
    }
  }

  #reconnectSoon() {
    if (!this.#closed && this.#reconnect === null) {
      this.#reconnect = setTimeout(() => {
        this.#reconnect = null
        this.#stayConnected()
      }, RECONNECT_MILLISECONDS)
    }
  }
}
