import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** Slower than any line of today: a request or an answer of which less arrives is held on purpose, or lost. */
const SLOWEST_BYTES_A_SECOND = 2_048

/** So many looks in the time that a client has. */
const LOOKS = 4

/** A request and its answer, as they are watched over. */
export interface Exchange {
  request: IncomingMessage
  response: ServerResponse
  /** When the client was first seen to be awaited, and what had passed by then; `null` while it is not. */
  mark: { at: number; bytes: number } | null
}

/**
 * Cuts off clients that keep a request or an answer open by taking or sending next to nothing: a byte a second keeps a
 * connection from being idle, and would hold its memory and file handles for days. Time that the server takes itself does
 * not count, and neither do pauses within a window that are made up for.
 */
export class ClientPace {
  readonly #window: number
  readonly #exchanges = new Set<Exchange>()
  #timer: NodeJS.Timeout | null = null

  /** `seconds`: how long a client may stay below the least pace. */
  constructor({ seconds }: { seconds: number }) {
    this.#window = seconds * 1_000
  }

  /** Watches over a request and its answer until `answered` says that these are over. */
  watch(request: IncomingMessage, response: ServerResponse): Exchange {
    const exchange = { request, response, mark: null }
    this.#exchanges.add(exchange)
    this.#timer ??= setInterval(() => this.#look(), this.#window / LOOKS).unref()
    return exchange
  }

  /** To be told when an answer is done or broken off: a body that was answered before its end is still to come. */
  answered(exchange: Exchange): void {
    const { request } = exchange
    if (request.complete || request.socket.destroyed) {
      this.#exchanges.delete(exchange)
    } else {
      request.once('close', () => this.#exchanges.delete(exchange))
    }
  }

  #look(now = performance.now()): void {
    if (this.#exchanges.size === 0 && this.#timer !== null) {
      clearInterval(this.#timer)
      this.#timer = null
    }
    for (const exchange of this.#exchanges) {
      const { socket } = exchange.request
      if (!isAwaited(exchange)) {
        exchange.mark = null
        continue
      }
      const bytes = passedOf(socket)
      const { mark } = exchange
      if (mark === null) {
        exchange.mark = { at: now, bytes }
      } else if (now - mark.at >= this.#window) {
        const least = (SLOWEST_BYTES_A_SECOND * (now - mark.at)) / 1_000
        if (bytes - mark.bytes < least) {
          socket.destroy()
        } else {
          exchange.mark = { at: now, bytes }
        }
      }
    }
  }
}

/** Whether it is the client that everything waits for: to send more of its request, or to take more of the answer. */
function isAwaited({ request, response }: Exchange): boolean {
  const isSending = !request.complete && request.readableLength === 0
  return isSending || response.writableLength > 0
}

/** What has been exchanged with the client itself, without what waits to be written. */
function passedOf(socket: Socket): number {
  return socket.bytesRead + socket.bytesWritten - socket.writableLength
}
