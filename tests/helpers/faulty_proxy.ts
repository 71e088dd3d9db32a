import { once } from 'node:events'
import {
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo } from 'node:net'

/** What becomes of a request: let through, answered in the server's place (503 or 404), or broken off in the middle of its body. */
export type Fault = 'none' | 'busy' | 'missing' | 'cut'

/** Stands before a server and makes trouble on request. */
export class FaultyProxy {
  readonly #target: URL
  readonly #atomicPuts: boolean
  /** The last PUT to each path. */
  readonly #puts = new Map<string, Promise<unknown>>()
  #server: Server | null = null
  #port = 0
  /** Decides for each request; all are let through unless told. */
  fault: (request: IncomingMessage) => Fault = () => 'none'
  /** How many requests have come. */
  seen = 0

  /** `atomicPuts` gives a server that does not write whole objects, one after another, what the real one has. */
  constructor(targetUrl: string, { atomicPuts }: { atomicPuts: boolean }) {
    this.#target = new URL(targetUrl)
    this.#atomicPuts = atomicPuts
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  /** Listens, after the first time where it did before. */
  async start(): Promise<void> {
    const server = createServer((request, response) => {
      this.seen += 1
      const fault = this.fault(request)
      if (fault === 'busy' || fault === 'missing') {
        request.resume()
        response.writeHead(fault === 'busy' ? 503 : 404).end()
      } else if (fault === 'cut' && this.#atomicPuts) {
        request.once('data', () => request.socket.destroy())
      } else if (request.method === 'PUT' && this.#atomicPuts) {
        const path = request.url ?? ''
        const turn = this.#puts.get(path) ?? Promise.resolve()
        this.#puts.set(
          path,
          turn.then(() => this.#forward(request, response, fault))
        )
      } else {
        void this.#forward(request, response, fault)
      }
    })
    server.listen(this.#port, '127.0.0.1')
    await once(server, 'listening')
    const address: AddressInfo | string | null = server.address()
    this.#port = typeof address === 'object' && address !== null ? address.port : 0
    this.#server = server
  }

  /** Resolves when the answer has been sent, or the connection broke. */
  #forward(request: IncomingMessage, response: ServerResponse, fault: Fault): Promise<void> {
    const onward = httpRequest(this.#target, {
      method: request.method,
      path: request.url,
      headers: request.headers,
    })
    onward.on('error', () => request.socket.destroy())
    onward.on('response', (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.rawHeaders)
      answer.pipe(response)
    })
    if (fault === 'cut') {
      request.once('data', (chunk: Buffer) => {
        onward.write(chunk.subarray(0, chunk.length / 2), () => {
          onward.destroy()
          request.socket.destroy()
        })
      })
    } else {
      request.pipe(onward)
    }
    return new Promise((resolve) => response.once('close', resolve))
  }

  /** Ends all connections, and takes no more. */
  async stop(): Promise<void> {
    const server = this.#server
    this.#server = null
    if (server !== null) {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    }
  }

  reset(): void {
    this.fault = () => 'none'
    this.seen = 0
  }
}
