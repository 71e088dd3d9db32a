import { spawn, type ChildProcess, type Serializable } from 'node:child_process'
import type { Writable } from 'node:stream'
import { stopProcess } from './child_process.ts'

export interface RoleOptions {
  name: string
  /** What Node runs: a script and its arguments. */
  args: readonly string[]
  cwd: string
  env: NodeJS.ProcessEnv
  log: Writable
  /** How long it may take to finish what it has in hand when it is asked to. */
  graceMilliseconds?: number
  /** Told when the process ended without being asked, before it is started again. */
  died: (reason: string) => void
  /** Told what the process says. */
  heard?: (message: unknown) => void
}

const GRACE_MILLISECONDS = 10_000
const FIRST_PAUSE_MILLISECONDS = 200
const LONGEST_PAUSE_MILLISECONDS = 5_000
/** One that ran so long is not thought to be failing over and over. */
const STEADY_MILLISECONDS = 30_000

/** One process of the site, kept running: started anew when it dies, with growing pauses when it dies at once. */
export class Role {
  readonly #options: RoleOptions
  #child: ChildProcess | null = null
  #stopping = false
  #pause = FIRST_PAUSE_MILLISECONDS
  #restart: NodeJS.Timeout | null = null

  constructor(options: RoleOptions) {
    this.#options = options
  }

  get pid(): number | undefined {
    return this.#child?.pid
  }

  start(): void {
    const { args, cwd, env, log, name } = this.#options
    const startedAt = Date.now()
    // A group of its own, so that Ctrl-C reaches us alone; the channel tells it when we are gone.
    const child = spawn(process.execPath, args, {
      cwd,
      env,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      detached: true,
    })
    this.#child = child
    child.on('message', (message) => this.#options.heard?.(message))
    child.stdout?.pipe(log, { end: false })
    child.stderr?.pipe(log, { end: false })
    child.once('error', (error) => this.#options.died(`${name} did not start: ${error.message}`))
    child.once('exit', (code, signal) => {
      if (this.#stopping) {
        return
      }
      if (Date.now() - startedAt > STEADY_MILLISECONDS) {
        this.#pause = FIRST_PAUSE_MILLISECONDS
      }
      this.#options.died(`${name} ended (${signal ?? `code ${code}`}); starting it again`)
      this.#restart = setTimeout(() => this.start(), this.#pause)
      this.#pause = Math.min(this.#pause * 2, LONGEST_PAUSE_MILLISECONDS)
    })
  }

  /** Says something to the process, if it is there. */
  send(message: Serializable): void {
    if (this.#child?.connected) {
      // One that dies at this moment is told of otherwise.
      this.#child.send(message, () => {})
    }
  }

  /** Asks the process to finish what it has in hand, and ends it when it does not. */
  async stop(): Promise<void> {
    this.#stopping = true
    if (this.#restart !== null) {
      clearTimeout(this.#restart)
    }
    if (this.#child !== null) {
      const { graceMilliseconds = GRACE_MILLISECONDS } = this.#options
      await stopProcess(this.#child, 'SIGTERM', graceMilliseconds)
    }
  }
}
