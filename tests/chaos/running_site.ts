import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { run } from '#supervisor/child_process'
import { findFreePort } from '#supervisor/free_port'
import { waitFor } from '#tests/helpers/wait_for'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/** How each process of a site is known in the list of processes. */
const COMMANDS = {
  web: 'bin/server.ts',
  worker: 'ace.js workers',
  projector: 'ace.js projector',
  redis: /(redis|valkey)-server/,
  postgres: /\/postgres -D/,
} as const

export type Part = keyof typeof COMMANDS

/** A whole site as `npm start` runs it, on a data folder of its own. */
export class RunningSite {
  readonly url: string
  readonly dataDir: string
  readonly #port: number
  readonly #environment: NodeJS.ProcessEnv
  #supervisor: ChildProcess | null = null
  #output = ''

  private constructor(dataDir: string, port: number, environment: NodeJS.ProcessEnv) {
    this.dataDir = dataDir
    this.#environment = environment
    this.#port = port
    this.url = `http://127.0.0.1:${port}`
  }

  static async start(dataDir: string, environment: NodeJS.ProcessEnv = {}): Promise<RunningSite> {
    const site = new RunningSite(dataDir, await findFreePort(), environment)
    await site.start()
    return site
  }

  get output(): string {
    return this.#output
  }

  get databaseUrl(): string {
    const [password, port] = ['password', 'port'].map((name) =>
      readFileSync(`${this.dataDir}/postgres/${name}`, 'utf8')
    )
    return `postgres://picfast:${password}@127.0.0.1:${port}/picfast`
  }

  get redisUrl(): string {
    const [password, port] = ['password', 'port'].map((name) =>
      readFileSync(`${this.dataDir}/redis/${name}`, 'utf8')
    )
    return `redis://:${password}@127.0.0.1:${port}/0`
  }

  get siteKey(): string {
    return readFileSync(`${this.dataDir}/app_key`, 'utf8')
  }

  /** What the processes said last, and what the supervisor said of them. */
  latestWarnings(): string {
    const logs = ['web', 'worker', 'projector', 'redis', 'postgres'].map((name) => {
      const file = `${this.dataDir}/logs/${name}.log`
      return `${name}:\n${existsSync(file) ? readFileSync(file, 'utf8').slice(-3_000) : ''}`
    })
    return [`supervisor:\n${this.#output.slice(-3_000)}`, ...logs].join('\n')
  }

  async start(): Promise<void> {
    const env: NodeJS.ProcessEnv = {
      ...process.env,
      NODE_ENV: 'production',
      LOG_LEVEL: 'warn',
      DATA_DIR: this.dataDir,
      PORT: String(this.#port),
      HOST: '127.0.0.1',
      APP_URL: this.url,
      RATE_LIMITS: 'off',
      ...this.#environment,
    }
    for (const name of ['DATABASE_URL', 'REDIS_URL', 'APP_KEY']) {
      delete env[name]
    }
    const child = spawn(process.execPath, ['ace.js', 'start'], {
      cwd: ROOT,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#supervisor = child
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => (this.#output += chunk.toString()))
    }
    const from = this.#output.length
    await waitFor(
      () => {
        if (child.exitCode !== null) {
          throw new Error(`The site did not start:\n${this.#output}`)
        }
        return this.#output.slice(from).includes('PicFast is running')
      },
      { what: 'the site to run', timeoutMs: 90_000, everyMs: 50 }
    )
  }

  async stop(): Promise<void> {
    const child = this.#supervisor
    if (child !== null && child.exitCode === null && child.signalCode === null) {
      const ended = once(child, 'exit')
      child.kill('SIGTERM')
      await ended
    }
  }

  /** Ends the supervisor on the spot, as no one should. */
  async killSupervisor(): Promise<void> {
    const child = this.#supervisor
    if (child !== null) {
      const ended = once(child, 'exit')
      child.kill('SIGKILL')
      await ended
    }
  }

  /** The process that plays this part, or `null` while it is down. */
  async pidOf(part: Part): Promise<number | null> {
    return (await this.pidsOf(part))[0] ?? null
  }

  /** All processes that play this part. */
  async pidsOf(part: Part): Promise<number[]> {
    const command = COMMANDS[part]
    const children = await this.#children()
    return children
      .filter(({ line }) =>
        typeof command === 'string' ? line.includes(command) : command.test(line)
      )
      .map(({ pid }) => pid)
  }

  /** Ends a part on the spot, as soon as it is up. */
  async kill(part: Part, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const pid = await waitFor(() => this.pidOf(part), {
      what: `a running ${part}`,
      timeoutMs: 60_000,
      everyMs: 50,
    })
    process.kill(pid, signal)
  }

  async #children(): Promise<Array<{ pid: number; line: string }>> {
    const { output } = await run('ps', ['-axo', 'pid=,ppid=,command='])
    const supervisor = this.#supervisor?.pid
    return output
      .split('\n')
      .map((line) => /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line))
      .filter((match) => match !== null && Number(match[2]) === supervisor)
      .map((match) => ({ pid: Number(match?.[1]), line: match?.[3] ?? '' }))
  }
}
