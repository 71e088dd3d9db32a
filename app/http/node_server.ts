import { randomUUID } from 'node:crypto'
import { Server, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { failure } from './envelope.ts'
import { adoptRequestId } from './request_id.ts'

/** How long answers that are under way may take once the server closes. */
const DRAIN_MILLISECONDS = 8_000

/** The HTTP server under the framework: every answer has a request id, and closing drains. */
export class DrainingServer extends Server {
  #draining = false

  constructor(listener: RequestListener) {
    super((request, response) => {
      adoptRequestId(request, response)
      response.once('close', () => this.#letGo())
      listener(request, response)
    })
    this.on('clientError', refuseUnreadableRequest)
  }

  /** Takes no more connections, closes each one as its answer is done, and cuts off what is not done in time. */
  override close(callback?: (error?: Error) => void): this {
    this.#draining = true
    const deadline = setTimeout(() => this.closeAllConnections(), DRAIN_MILLISECONDS)
    return super.close((error) => {
      clearTimeout(deadline)
      callback?.(error)
    })
  }

  #letGo(): void {
    if (this.#draining) {
      setImmediate(() => this.closeIdleConnections())
    }
  }
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
