import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'

/**
 * Stands before a server as the network does. What is muted passes nothing on and closes nothing, as when the other
 * machine has lost its power.
 */
export class MuteProxy {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  private constructor(target: URL) {
    this.#server = createServer((client) => {
      const onward = connect(Number(target.port), target.hostname)
      for (const [from, to] of [
        [client, onward],
        [onward, client],
      ] as const) {
        this.#sockets.add(from)
        from.on('data', (chunk) => to.write(chunk))
        from.on('close', () => to.destroy())
        from.on('error', () => {})
      }
    })
  }

  /** The same address as the one given, through the proxy. */
  static async before(address: string): Promise<{ proxy: MuteProxy; url: string }> {
    const url = new URL(address)
    const proxy = new MuteProxy(new URL(address))
    proxy.#server.listen(0, '127.0.0.1')
    await once(proxy.#server, 'listening')
    const bound: AddressInfo | string | null = proxy.#server.address()
    url.host = `127.0.0.1:${typeof bound === 'object' && bound !== null ? bound.port : 0}`
    return { proxy, url: url.href }
  }

  /** What is open now is dead from here on; connections that are opened later work. */
  muteWhatIsOpen(): void {
    for (const socket of this.#sockets) {
      socket.removeAllListeners('data')
      socket.removeAllListeners('close')
      socket.resume()
    }
  }

  async close(): Promise<void> {
    this.#sockets.forEach((socket) => socket.destroy())
    this.#server.close()
    await once(this.#server, 'close')
  }
}
