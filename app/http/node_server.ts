import { randomUUID } from 'node:crypto'
import { Server, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { ClientPace } from './client_pace.ts'
import { ConnectionBound, type ConnectionBoundOptions } from './connection_bound.ts'
import { failure } from './envelope.ts'
import { adoptRequestId } from './request_id.ts'

/** How often requests that take too long to arrive are looked for. */
const CHECK_MILLISECONDS = 1_000

/** How much is read, for nothing, of a body that was refused. */
const DISCARDED_BYTES = 256 * 1024 * 1024

export interface DrainingServerOptions {
  /** How long a client may keep a request or an answer open at next to no pace. */
  slowSeconds: number
  /** How long requests and answers that are under way may take once the server closes. */
  drainSeconds: number
  connections: ConnectionBoundOptions
}

/**
 * Answers a request without the framework, or says that it must: with `false` at once, or by calling `otherwise` later.
 */
export type FirstListener = (
  request: IncomingMessage,
  response: ServerResponse,
  otherwise: () => void
) => boolean

let answersFirst: FirstListener = () => false

/** Has every request shown to a listener before the framework sees it. */
export function answerFirst(listener: FirstListener): void {
  answersFirst = listener
}

/** The HTTP server under the framework: every answer has a request id, slow clients are cut off, and closing drains. */
export class DrainingServer extends Server {
  readonly #drainSeconds: number
  readonly #underWay = new Set<ServerResponse>()
  #draining = false

  constructor(listener: RequestListener, options: DrainingServerOptions) {
    const { slowSeconds, drainSeconds, connections } = options
    const pace = new ClientPace({ seconds: slowSeconds })
    super({ connectionsCheckingInterval: CHECK_MILLISECONDS }, (request, response) => {
      const id = adoptRequestId(request)
      const exchange = pace.watch(request, response)
      this.#underWay.add(response)
      response.on('close', () => {
        pace.answered(exchange)
        this.#letGo(response)
      })
      if (this.#draining) {
        response.setHeader('Connection', 'close')
      }
      readToItsEnd(request, response)
      const answerByFramework = () => {
        response.setHeader('X-Request-Id', id)
        listener(request, response)
      }
      if (!answersFirst(request, response, answerByFramework)) {
        answerByFramework()
      }
    })
    this.#drainSeconds = drainSeconds
    const bound = new ConnectionBound(connections)
    this.on('connection', (socket) => bound.admit(socket))
    this.on('clientError', refuseUnreadableRequest)
  }

  /** Takes no more connections, closes each one as its answer is done, and cuts off what is not done in time. */
  override close(callback?: (error?: Error) => void): this {
    this.#draining = true
    // A proxy must not send the next request to a connection that ends.
    for (const response of this.#underWay) {
      if (!response.headersSent) {
        response.setHeader('Connection', 'close')
      }
    }
    const deadline = setTimeout(() => this.closeAllConnections(), this.#drainSeconds * 1_000)
    return super.close((error) => {
      clearTimeout(deadline)
      callback?.(error)
    })
  }

  #letGo(response: ServerResponse): void {
    this.#underWay.delete(response)
    if (this.#draining) {
      setImmediate(() => this.closeIdleConnections())
    }
  }
}

/**
 * Who is answered while still sending would lose the answer to a reset if the connection were closed at once, and could
 * not use it again if nobody read on: what comes is read to its end, up to a bound.
 */
function readToItsEnd(request: IncomingMessage, response: ServerResponse): void {
  const { 'content-length': length, 'transfer-encoding': encoding } = request.headers
  const hasBody = encoding !== undefined || Number(length ?? 0) > 0
  if (!hasBody) {
    return
  }
  const closes = !response.shouldKeepAlive
  const close = () => {
    if (closes) {
      request.socket.end()
    }
  }
  // The connection is closed here, when the time has come.
  response.shouldKeepAlive = true
  response.once('finish', () => {
    if (request.complete) {
      close()
    } else {
      request.once('close', close)
      discard(request)
    }
  })
}

function discard(request: IncomingMessage): void {
  let left = DISCARDED_BYTES
  request.unpipe()
  request.removeAllListeners('data')
  request.on('data', (chunk: Buffer) => {
    left -= chunk.length
    if (left < 0) {
      request.destroy()
    }
  })
  request.resume()
}

/** Answers a URL that is not UTF-8 under its percent signs; the framework has no context for it. */
export function refuseBadUrl(_request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(400, { 'Content-Type': 'application/json; charset=utf-8' })
  response.end(JSON.stringify(failure('The address is malformed', {})))
}

const UNREADABLE: Record<string, [status: number, reason: string]> = {
  HPE_HEADER_OVERFLOW: [431, 'Request Header Fields Too Large'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'Request Timeout'],
}

/** Answers what is not HTTP, or came too slowly. */
function refuseUnreadableRequest(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const [status, reason] = UNREADABLE[error.code ?? ''] ?? [400, 'Bad Request']
  const body = JSON.stringify(failure(reason, {}))
  socket.end(
    `HTTP/1.1 ${status} ${reason}\r\nConnection: close\r\nX-Request-Id: ${randomUUID()}\r\n` +
      `Content-Type: application/json; charset=utf-8\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
  )
}
