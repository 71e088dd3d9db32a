import { execFileSync } from 'node:child_process'
import { randomInt } from 'node:crypto'

/** A machine of the tests: an address of its own, and where its processes run. */
export interface Machine {
  readonly name: string
  readonly address: string
  /** The command line that runs a program there. */
  command(program: string, args: readonly string[]): [string, string[]]
}

/** Machines that reach one another by address. */
export interface Network {
  /** Whether a machine can be cut off without its processes being told. */
  readonly canCut: boolean
  add(name: string): Machine
  /** Drops every packet from and to a machine, silently. */
  cut(machine: Machine): void
  mend(machine: Machine): void
  remove(): void
}

/** Network namespaces where that is allowed, else addresses of the loopback interface. */
export function createNetwork(): Network {
  return canMakeNamespaces() ? new NamespaceNetwork() : new LoopbackNetwork()
}

function ip(...args: string[]): void {
  execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'pipe'] })
}

function canMakeNamespaces(): boolean {
  if (process.getuid?.() !== 0) {
    return false
  }
  const id = randomId()
  try {
    ip('netns', 'add', id)
    ip('netns', 'del', id)
    ip('link', 'add', id, 'type', 'bridge')
    ip('link', 'del', id)
    return true
  } catch {
    return false
  }
}

function randomId(): string {
  return `pf${randomInt(16 ** 6)
    .toString(16)
    .padStart(6, '0')}`
}

/** A network namespace a machine, all on one bridge; the tests themselves stand on the bridge. */
class NamespaceNetwork implements Network {
  readonly canCut = true
  readonly #id = randomId()
  /** Of the addresses that are set apart for such tests (RFC 2544). */
  readonly #net = `198.${18 + randomInt(2)}.${randomInt(256)}`
  readonly #names: string[] = []

  constructor() {
    ip('link', 'add', this.#id, 'type', 'bridge')
    ip('addr', 'add', `${this.#net}.254/24`, 'dev', this.#id)
    ip('link', 'set', this.#id, 'up')
  }

  add(name: string): Machine {
    const space = `${this.#id}-${name}`
    const link = this.#linkOf(name)
    const address = `${this.#net}.${this.#names.length + 1}`
    ip('netns', 'add', space)
    this.#names.push(name)
    ip('link', 'add', link, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', space)
    ip('link', 'set', link, 'master', this.#id, 'up')
    ip('-n', space, 'addr', 'add', `${address}/24`, 'dev', 'eth0')
    ip('-n', space, 'link', 'set', 'eth0', 'up')
    ip('-n', space, 'link', 'set', 'lo', 'up')
    return {
      name,
      address,
      command: (program, args) => ['ip', ['netns', 'exec', space, program, ...args]],
    }
  }

  cut({ name }: Machine): void {
    ip('link', 'set', this.#linkOf(name), 'down')
  }

  mend({ name }: Machine): void {
    ip('link', 'set', this.#linkOf(name), 'up')
  }

  remove(): void {
    for (const name of this.#names) {
      ip('netns', 'del', `${this.#id}-${name}`)
    }
    ip('link', 'del', this.#id)
  }

  /** The end of a machine's cable that is in the bridge; its name may have 15 characters. */
  #linkOf(name: string): string {
    return `${this.#id}-${[...this.#names, name].indexOf(name)}`
  }
}

/** An address of the loopback interface a machine: apart by address, but not to be cut off. */
class LoopbackNetwork implements Network {
  readonly canCut = false
  readonly #net = `127.${randomInt(1, 255)}.${randomInt(256)}`
  #machines = 0

  add(name: string): Machine {
    this.#machines += 1
    return {
      name,
      address: `${this.#net}.${this.#machines}`,
      command: (program, args) => [program, [...args]],
    }
  }

  cut(): void {
    throw new Error('Machines on the loopback interface cannot be cut off')
  }

  mend(): void {}

  remove(): void {}
}
