import pg from 'pg'

/**
 * One PostgreSQL connection, made when first needed and made anew after it broke. `prepare` runs on every new one.
 */
export class PostgresConnection {
  readonly #config: pg.ClientConfig
  readonly #prepare: (client: pg.Client) => Promise<void>
  #client: Promise<pg.Client> | null = null
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
    this.#client ??= this.#open()
    return this.#client
  }

  /** Drops the connection, so that the next use makes a new one. */
  async discard(): Promise<void> {
    const current = this.#client
    this.#client = null
    const client = await current?.catch(() => null)
    await client?.end().catch(() => {})
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.discard()
  }

  #open(): Promise<pg.Client> {
    const client = new pg.Client(this.#config)
    const opening = this.#connect(client)
    const forget = () => {
      if (this.#client === opening) {
        this.#client = null
      }
    }
    client.on('error', forget)
    client.on('end', forget)
    opening.catch(forget)
    return opening
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
