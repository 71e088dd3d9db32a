import { Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'

/** How long a goodbye may take: the other machine may be gone. */
const GOODBYE_MILLISECONDS = 1_000

interface Opened {
  client: Promise<pg.Client>
  socket: Socket
}

/**
 * One PostgreSQL connection, made when first needed and made anew after it broke. `prepare` runs on every new one.
 */
export class PostgresConnection {
  readonly #config: pg.ClientConfig
  readonly #prepare: (client: pg.Client) => Promise<void>
  #current: Opened | null = null
  #closed = false

  constructor(
    config: pg.ClientConfig,
    prepare: (client: pg.Client) => Promise<void> = async () => {}
  ) {
    this.#config = config
    this.#prepare = prepare
  }

  /** The open connection; rejects when PostgreSQL cannot be reached. */
  client(): Promise<pg.Client> {
    if (this.#closed) {
      return Promise.reject(new Error('Client was closed'))
    }
    this.#current ??= this.#open()
    return this.#current.client
  }

  /** Drops the connection without a word, so that the next use makes a new one. */
  discard(): void {
    this.#current?.socket.destroy()
    this.#current = null
  }

  async close(): Promise<void> {
    this.#closed = true
    const current = this.#current
    const ended = current?.client.then((client) => client.end()).catch(() => {})
    await Promise.race([ended, delay(GOODBYE_MILLISECONDS, null, { ref: false })])
    current?.socket.destroy()
    this.#current = null
  }

  #open(): Opened {
    const socket = new Socket()
    const client = new pg.Client({ ...this.#config, stream: () => socket })
    const opened = { client: this.#connect(client), socket }
    const forget = () => {
      if (this.#current === opened) {
        this.#current = null
      }
    }
    client.on('error', forget)
    client.on('end', forget)
    opened.client.catch(forget)
    return opened
  }

  async #connect(client: pg.Client) {
    await client.connect()
    try {
      await this.#prepare(client)
    } catch (error) {
      await client.end().catch(() => {})
      throw error
    }
    return client
  }
}
