import type { ChildProcess } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { run } from './child_process.ts'
import type { DataFolder } from './data_folder.ts'
import { SupervisorError } from './errors.ts'
import { canSharePort, isPortFree } from './free_port.ts'
import { LogFile } from './log_file.ts'
import { EmbeddedPostgres } from './postgres.ts'
import { checkRedis, EmbeddedRedis } from './redis.ts'
import { Role, type RoleOptions } from './role.ts'
import { SiblingRelay } from './sibling_relay.ts'
import { PROJECTOR_PROCESS } from './projector_process.ts'
import { WEB_PROCESS } from './web_process.ts'
import { webProcessesArgument } from './web_processes.ts'

export interface SiteOptions {
  /** The project's folder. */
  root: string
  data: DataFolder
  host: string
  port: number
  /** When it is not given, links name the address that a client uses. */
  appUrl: string | undefined
  /** Given services; those that are missing are started under the data folder. */
  databaseUrl: string | undefined
  redisUrl: string | undefined
  appKey: string | undefined
  webProcesses: number
  /** How long a web process may take to finish what is under way. */
  drainSeconds: number
  /** Told what happens, a line each. */
  tell: (line: string) => void
}

interface Backend {
  start(): Promise<void>
  stop(): Promise<void>
  url(): string
  readonly process: ChildProcess | null
}

type StartRole = (
  name: string,
  args: readonly string[],
  told?: Partial<Pick<RoleOptions, 'env' | 'died' | 'heard' | 'graceMilliseconds'>>
) => Role

/** What a web process has left to do once its connections are closed. */
const CLOSING_MILLISECONDS = 2_000
const READY_MILLISECONDS = 60_000
const RESTART_PAUSE_MILLISECONDS = 500

/** Everything a site needs on one machine, started in order and stopped in the other. */
export class Site {
  readonly #options: SiteOptions
  readonly #backends: Backend[] = []
  #roles: Role[] = []
  #stopping = false

  constructor(options: SiteOptions) {
    this.#options = options
  }

  /**
   * Starts all and waits until the site answers.
   *
   * @throws SupervisorError with one sentence that says what to do
   */
  async start(): Promise<void> {
    const { data, host, port, webProcesses } = this.#options
    if (!(await isPortFree(port, host))) {
      throw new SupervisorError(
        'E_PORT_IN_USE',
        `Port ${port} is in use: stop the program that uses it, or set PORT to another one.`
      )
    }
    if (webProcesses > 1 && !(await canSharePort())) {
      throw new SupervisorError(
        'E_PORT_IN_USE',
        'Web processes cannot share a port on this system: set WEB_PROCESSES to 1.'
      )
    }
    data.open()
    const env = await this.#environment()
    await this.#prepare(env)
    this.#startRoles(env)
    await this.#waitUntilReady()
  }

  async stop(): Promise<void> {
    this.#stopping = true
    await Promise.all(this.#roles.map((role) => role.stop()))
    for (const backend of this.#backends.reverse()) {
      await backend.stop()
    }
    this.#options.data.release()
  }

  async #environment(): Promise<NodeJS.ProcessEnv> {
    const { data, host, port, appUrl, databaseUrl, redisUrl, appKey } = this.#options
    return {
      ...process.env,
      NODE_ENV: process.env.NODE_ENV ?? 'production',
      HOST: host,
      PORT: String(port),
      ...(appUrl === undefined ? {} : { APP_URL: appUrl }),
      DATA_DIR: data.path,
      APP_KEY: appKey ?? data.siteKey(),
      DATABASE_URL: databaseUrl ? await this.#givenDatabase(databaseUrl) : await this.#postgres(),
      REDIS_URL: redisUrl ? await this.#givenRedis(redisUrl) : await this.#redis(),
    }
  }

  async #postgres(): Promise<string> {
    const { data } = this.#options
    const log = new LogFile(data.in('logs', 'postgres.log'))
    const postgres = new EmbeddedPostgres({
      folder: data.in('postgres'),
      log: (line) => log.write(`${line}\n`),
    })
    return this.#keep('PostgreSQL', postgres)
  }

  async #redis(): Promise<string> {
    const { data, tell } = this.#options
    const log = new LogFile(data.in('logs', 'redis.log'))
    const redis = new EmbeddedRedis({
      folder: data.in('redis'),
      log: (line) => log.write(`${line}\n`),
      tell,
    })
    return this.#keep('Redis', redis)
  }

  /** Starts a server and keeps it: one that dies is started again, at the same address. */
  async #keep(name: string, backend: Backend): Promise<string> {
    this.#backends.push(backend)
    await backend.start()
    this.#watch(name, backend)
    return backend.url()
  }

  #watch(name: string, backend: Backend) {
    backend.process?.once('exit', () => {
      if (!this.#stopping) {
        this.#options.tell(`${name} ended; starting it again`)
        void this.#revive(name, backend)
      }
    })
  }

  async #revive(name: string, backend: Backend) {
    let told = ''
    while (!this.#stopping) {
      try {
        await backend.start()
        this.#watch(name, backend)
        return
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error)
        if (reason !== told) {
          this.#options.tell(reason)
          told = reason
        }
        await delay(RESTART_PAUSE_MILLISECONDS)
      }
    }
    await backend.stop()
  }

  async #givenDatabase(url: string): Promise<string> {
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 })
    client.on('error', () => {})
    try {
      await client.connect()
    } catch (error) {
      throw new SupervisorError(
        'E_POSTGRES_UNAVAILABLE',
        `The PostgreSQL server at DATABASE_URL cannot be reached: ${error instanceof Error ? error.message : error}`,
        { cause: error }
      )
    } finally {
      await client.end().catch(() => {})
    }
    return url
  }

  async #givenRedis(url: string): Promise<string> {
    await checkRedis(url)
    return url
  }

  /** Brings the database to the present schema, and gives a new site what it begins with. */
  async #prepare(env: NodeJS.ProcessEnv) {
    const { root, data } = this.#options
    const { code, output } = await run(process.execPath, ['ace.js', 'prepare'], { cwd: root, env })
    new LogFile(data.in('logs', 'prepare.log')).end(output)
    if (code !== 0) {
      throw new SupervisorError(
        'E_POSTGRES_UNAVAILABLE',
        `The database could not be prepared; ${data.in('logs', 'prepare.log')} says why.`
      )
    }
  }

  #startRoles(env: NodeJS.ProcessEnv) {
    const { root, data, tell } = this.#options
    const start: StartRole = (name, args, told = {}) => {
      const log = new LogFile(data.in('logs', `${name}.log`))
      const role = new Role({ name, args, cwd: root, env, log, died: tell, ...told })
      this.#roles.push(role)
      role.start()
      return role
    }
    this.#startWeb(env, start)
    start('projector', [...PROJECTOR_PROCESS.args])
    start('worker', ['ace.js', 'workers'])
  }

  /** Several web processes share the port; what one of them has to say to the others goes through this one. */
  #startWeb(env: NodeJS.ProcessEnv, start: StartRole) {
    const { webProcesses, drainSeconds, tell } = this.#options
    const webs = new Map<string, Role>()
    const relay = new SiblingRelay((name, message) => webs.get(name)?.send(message))
    const args = [...WEB_PROCESS.args, webProcessesArgument(webProcesses)]
    for (let number = 1; number <= webProcesses; number++) {
      const name = number === 1 ? 'web' : `web-${number}`
      const role = start(name, args, {
        env: { ...WEB_PROCESS.env, ...env },
        graceMilliseconds: drainSeconds * 1_000 + CLOSING_MILLISECONDS,
        heard: (message) => relay.heard(name, message),
        died: (reason) => {
          relay.lost(name)
          tell(reason)
        },
      })
      webs.set(name, role)
    }
  }

  /** Where the site answers on this machine, whatever address it has outside. */
  get ownUrl(): string {
    const { port, host } = this.#options
    const address = ['0.0.0.0', '::'].includes(host) ? '127.0.0.1' : host
    return `http://${address.includes(':') ? `[${address}]` : address}:${port}`
  }

  /** A storage elsewhere that is away holds up no start: much goes on without it, and it may come back. */
  async #waitUntilReady() {
    const { data } = this.#options
    const url = `${this.ownUrl}/health/ready`
    const deadline = Date.now() + READY_MILLISECONDS
    while (!this.#stopping) {
      const answer = await fetch(url, { signal: AbortSignal.timeout(5_000) }).catch(() => null)
      if (answer?.ok) {
        return
      }
      if (Date.now() > deadline) {
        throw new SupervisorError(
          'E_POSTGRES_UNAVAILABLE',
          `The site did not answer within a minute; ${data.in('logs', 'web.log')} says why.`
        )
      }
      await delay(100)
    }
  }
}
