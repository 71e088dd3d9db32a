import { spawn, type ChildProcess } from 'node:child_process'
import { hasExited, run, stopProcess, waitForExit } from '#supervisor/child_process'
import type { Machine } from './network.ts'

const STOP_MILLISECONDS = 15_000

export interface ProcessOptions {
  machine: Machine
  program: string
  args: readonly string[]
  cwd?: string
  env?: NodeJS.ProcessEnv
  stopSignal?: NodeJS.Signals
  isReady: () => Promise<boolean> | boolean
}

/** A process on a machine of the tests, that can be killed, frozen and started again. */
export class MachineProcess {
  readonly machine: Machine
  readonly #options: ProcessOptions
  #child: ChildProcess | null = null
  #output = ''

  constructor(options: ProcessOptions) {
    this.machine = options.machine
    this.#options = options
  }

  get output(): string {
    return this.#output
  }

  isReady(): Promise<boolean> | boolean {
    if (this.#child === null || hasExited(this.#child)) {
      throw new Error(`${this.machine.name} ended:\n${this.#output}`)
    }
    return this.#options.isReady()
  }

  start(): void {
    const { machine, program, args, cwd, env } = this.#options
    const [command, parameters] = machine.command(program, args)
    const child = spawn(command, parameters, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
    const note = (chunk: Buffer) => (this.#output += chunk.toString())
    child.stdout.on('data', note)
    child.stderr.on('data', note)
    this.#child = child
  }

  /** Ends it on the spot. */
  async kill(): Promise<void> {
    const child = this.#running()
    child.kill('SIGKILL')
    await waitForExit(child, STOP_MILLISECONDS)
  }

  /** Stops it in its tracks, with all that it has started. */
  freeze(): Promise<void> {
    return this.#signal('SIGSTOP')
  }

  thaw(): Promise<void> {
    return this.#signal('SIGCONT')
  }

  async stop(): Promise<void> {
    if (this.#child !== null && !hasExited(this.#child)) {
      await this.thaw()
      await stopProcess(this.#child, this.#options.stopSignal ?? 'SIGTERM', STOP_MILLISECONDS)
    }
  }

  async #signal(signal: NodeJS.Signals): Promise<void> {
    const { pid = 0 } = this.#running()
    for (const one of await withDescendants(pid)) {
      try {
        process.kill(one, signal)
      } catch (error) {
        // One that PostgreSQL had started for a moment is gone already.
        if (one === pid || !(error instanceof Error && 'code' in error && error.code === 'ESRCH')) {
          throw error
        }
      }
    }
  }

  #running(): ChildProcess {
    if (this.#child === null) {
      throw new Error(`${this.machine.name} does not run`)
    }
    return this.#child
  }
}

async function withDescendants(root: number): Promise<number[]> {
  const { output } = await run('ps', ['-axo', 'pid=,ppid='])
  const pairs = output.split('\n').map((line) => line.trim().split(/\s+/).map(Number))
  const found = [root]
  for (const parent of found) {
    found.push(...pairs.filter(([, ppid]) => ppid === parent).map(([pid = 0]) => pid))
  }
  return found
}
