import { connect, type Socket } from 'node:net'

const HEAD_END = Buffer.from('\r\n\r\n')
/** All connections read into the same memory, which stays in the processor's cache: new memory costs more than what it takes. */
const ROOM = Buffer.alloc(128 * 1024)

/**
 * Gets files over one connection, one after the other, and counts their bytes without keeping them: a client that costs
 * less than what it measures.
 */
export class LeanClient {
  readonly #socket: Socket
  readonly #host: string
  #head: Buffer = Buffer.alloc(0)
  #left = 0
  #size = 0
  #done: (size: number) => void = () => {}
  #failed: (error: Error) => void = () => {}

  constructor(url: string) {
    const { hostname, port, host } = new URL(url)
    this.#host = host
    this.#socket = connect({
      port: Number(port),
      host: hostname,
      noDelay: true,
      onread: {
        buffer: ROOM,
        callback: (length) => {
          this.#take(ROOM.subarray(0, length))
          return true
        },
      },
    })
    this.#socket.on('error', (error) => this.#failed(error))
    this.#socket.on('close', () => this.#failed(new Error('The connection was closed')))
  }

  /** The number of bytes in the body of the answer, which must be 200. */
  get(path: string): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#done = resolve
      this.#failed = reject
      this.#socket.write(`GET ${path} HTTP/1.1\r\nHost: ${this.#host}\r\n\r\n`)
    })
  }

  close(): void {
    this.#failed = () => {}
    this.#socket.destroy()
  }

  #take(chunk: Buffer): void {
    let body = chunk
    if (this.#left === 0) {
      this.#head = this.#head.length === 0 ? chunk : Buffer.concat([this.#head, chunk])
      const end = this.#head.indexOf(HEAD_END)
      if (end === -1) {
        this.#head = Buffer.from(this.#head)
        return
      }
      const head = this.#head.toString('latin1', 0, end)
      const [, length] = /^content-length: (\d+)/im.exec(head) ?? []
      if (!head.startsWith('HTTP/1.1 200 ') || length === undefined) {
        return this.#failed(new Error(`It was answered otherwise:\n${head}`))
      }
      body = this.#head.subarray(end + HEAD_END.length)
      this.#head = Buffer.alloc(0)
      this.#size = Number(length)
      this.#left = this.#size
    }
    this.#left -= body.length
    if (this.#left === 0) {
      this.#done(this.#size)
    }
  }
}

/** So many connections that take turns: each call waits for a free one. */
export class LeanClients {
  readonly #clients: LeanClient[]
  readonly #free: LeanClient[]

  constructor(url: string, connections: number) {
    this.#clients = Array.from({ length: connections }, () => new LeanClient(url))
    this.#free = [...this.#clients]
  }

  /** Gets a file; no more calls may run at once than there are connections. */
  async get(path: string): Promise<number> {
    const client = this.#free.pop()
    if (client === undefined) {
      throw new Error('All connections are in use')
    }
    const size = await client.get(path)
    this.#free.push(client)
    return size
  }

  close(): void {
    this.#clients.forEach((client) => client.close())
  }
}
