import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { SupervisorError } from './errors.ts'
import { findFreePort, isPortFree } from './free_port.ts'

const HOST = '127.0.0.1'
/** A server that was killed may leave a child that holds its port for a moment. */
const PATIENCE_MILLISECONDS = 5_000
const LOOK_MILLISECONDS = 50

/**
 * The port of a server of our own, noted in a file so that it stays the same from one start of the site to the next.
 * While the site runs it never changes: the address is what all processes were told.
 */
export class KeptPort {
  readonly #file: string
  #told: number | null = null

  constructor(file: string) {
    this.#file = file
  }

  /** The port that was noted last, or `null`. */
  get noted(): number | null {
    const port = existsSync(this.#file) ? Number(readFileSync(this.#file, 'utf8')) : 0
    return port > 0 ? port : null
  }

  /**
   * The port to listen on now.
   *
   * @throws SupervisorError E_PORT_IN_USE when another program has taken it since the site started
   */
  async take(): Promise<number> {
    if (this.#told !== null) {
      await untilFree(this.#told)
      return this.#told
    }
    const { noted } = this
    const port = noted !== null && (await isPortFree(noted, HOST)) ? noted : await findFreePort()
    writeFileSync(this.#file, String(port))
    this.#told = port
    return port
  }
}

async function untilFree(port: number): Promise<void> {
  const deadline = Date.now() + PATIENCE_MILLISECONDS
  while (!(await isPortFree(port, HOST))) {
    if (Date.now() > deadline) {
      throw new SupervisorError(
        'E_PORT_IN_USE',
        `Port ${port}, on which the site expects a server of its own, is in use by another program: stop that program, or start the site anew.`
      )
    }
    await delay(LOOK_MILLISECONDS)
  }
}
