import type { Socket } from 'node:net'
import { addressBlock } from './client_address.ts'

export interface ConnectionBoundOptions {
  /** Connections that one address may have at a time. */
  most: number
  /** Addresses that stand for many clients: proxies, containers, one's own network. */
  isShared(address: string): boolean
}

/** Bounds the connections of an address, so that one client cannot take all that there are. */
export class ConnectionBound {
  readonly #options: ConnectionBoundOptions
  readonly #open = new Map<string, number>()

  constructor(options: ConnectionBoundOptions) {
    this.#options = options
  }

  /** Counts a new connection; ends it when its address has too many. */
  admit(socket: Pick<Socket, 'remoteAddress' | 'destroy' | 'once'>): void {
    const address = socket.remoteAddress
    if (address === undefined || this.#options.isShared(address)) {
      return
    }
    const block = addressBlock(address)
    const open = this.#open.get(block) ?? 0
    if (open >= this.#options.most) {
      socket.destroy()
      return
    }
    this.#open.set(block, open + 1)
    socket.once('close', () => {
      const left = (this.#open.get(block) ?? 1) - 1
      if (left > 0) {
        this.#open.set(block, left)
      } else {
        this.#open.delete(block)
      }
    })
  }
}
