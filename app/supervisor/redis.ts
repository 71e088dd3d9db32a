import { spawn, type ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { hasExited, run, stopProcess } from './child_process.ts'
import { SupervisorError } from './errors.ts'
import { isPortFree } from './free_port.ts'
import { KeptPort } from './kept_port.ts'

export interface RedisOptions {
  /** Everything of this server lies here: its log of writes, its password and its port. */
  folder: string
  /** How many numbered databases it has; 16 unless told. */
  databases?: number
  /** Told each line that the server prints. */
  log?: (line: string) => void
  /** Told what a person should know, such as that a server is being installed. */
  tell?: (line: string) => void
}

const NAMES = ['redis-server', 'valkey-server']
const START_MILLISECONDS = 20_000
const STOP_MILLISECONDS = 10_000
const ANSWER_MILLISECONDS = 5_000

/** How each package manager installs a server without asking. */
const INSTALLERS: ReadonlyArray<{ manager: string; commands: string[][] }> = [
  {
    manager: 'apt-get',
    commands: [
      ['apt-get', 'update', '-qq'],
      ['apt-get', 'install', '-y', '-qq', '--no-install-recommends', 'redis-server'],
    ],
  },
  { manager: 'dnf', commands: [['dnf', 'install', '-y', '-q', 'valkey']] },
  { manager: 'apk', commands: [['apk', 'add', '--quiet', 'redis']] },
  { manager: 'brew', commands: [['brew', 'install', '--quiet', 'redis']] },
]

const ADVICE =
  'PicFast needs a Redis server: install one (Debian and Ubuntu: "sudo apt-get install redis-server"; macOS: "brew install redis") or set REDIS_URL.'

function onPath(name: string): string | null {
  const folders = (process.env.PATH ?? '').split(delimiter).concat('/usr/sbin', '/usr/local/sbin')
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path)) ?? null
}

function findServer(): string | null {
  for (const name of NAMES) {
    const path = onPath(name)
    if (path !== null) {
      return path
    }
  }
  return null
}

/**
 * The Redis or Valkey server's program: from the PATH, else installed by the system's package manager where that needs
 * no password.
 *
 * @throws SupervisorError E_REDIS_UNAVAILABLE with what to type
 */
export async function obtainRedisServer(tell: (line: string) => void): Promise<string> {
  const present = findServer()
  if (present !== null) {
    return present
  }
  const installer = INSTALLERS.find(({ manager }) => onPath(manager) !== null)
  if (installer !== undefined) {
    const isRoot = process.getuid?.() === 0
    const prefix = isRoot || installer.manager === 'brew' ? [] : ['sudo', '-n']
    tell(`No Redis server found; installing one with ${installer.manager}`)
    for (const command of installer.commands) {
      const [program = '', ...args] = [...prefix, ...command]
      const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' }
      const finished = await run(program, args, { env }).catch(() => null)
      if (finished?.code !== 0) {
        break
      }
    }
    const installed = findServer()
    if (installed !== null) {
      return installed
    }
  }
  throw new SupervisorError('E_REDIS_UNAVAILABLE', ADVICE)
}

/** A Redis server of our own, on the loopback interface only, that writes all down and evicts nothing. */
export class EmbeddedRedis {
  readonly #options: RedisOptions
  readonly #keptPort: KeptPort
  #child: ChildProcess | null = null
  #port = 0
  #password = ''

  constructor(options: RedisOptions) {
    this.#options = options
    this.#keptPort = new KeptPort(join(options.folder, 'port'))
  }

  get process(): ChildProcess | null {
    return this.#child
  }

  url(): string {
    return `redis://:${this.#password}@127.0.0.1:${this.#port}/0`
  }

  /** @throws SupervisorError E_REDIS_UNAVAILABLE */
  async start(): Promise<void> {
    const { folder, log = () => {}, tell = () => {} } = this.#options
    const program = await obtainRedisServer(tell)
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    this.#password = this.#keepPassword()
    await this.#stopLeftover()
    this.#port = await this.#keptPort.take()
    const child = spawn(program, ['-'], {
      cwd: folder,
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
    })
    this.#child = child
    // By standard input, so that the password shows in no list of processes.
    child.stdin.end(this.#configuration())
    child.on('error', () => {})
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) =>
        chunk.toString().split('\n').filter(Boolean).forEach(log)
      )
    }
    await this.#waitUntilReady(child)
  }

  async stop(): Promise<void> {
    if (this.#child !== null) {
      await stopProcess(this.#child, 'SIGTERM', STOP_MILLISECONDS)
      this.#child = null
    }
  }

  #configuration(): string {
    return [
      'bind 127.0.0.1',
      `port ${this.#port}`,
      `dir "${this.#options.folder}"`,
      `requirepass ${this.#password}`,
      `databases ${this.#options.databases ?? 16}`,
      'maxmemory-policy noeviction',
      'appendonly yes',
      'appendfsync everysec',
      'save ""',
      'daemonize no',
      '',
    ].join('\n')
  }

  #keepPassword(): string {
    const file = join(this.#options.folder, 'password')
    if (!existsSync(file)) {
      writeFileSync(`${file}.new`, randomBytes(24).toString('hex'), { mode: 0o600 })
      renameSync(`${file}.new`, file)
    }
    return readFileSync(file, 'utf8')
  }

  /** A server that outlived a killed supervisor answers to our password on our port: it is asked to stop. */
  async #stopLeftover() {
    this.#port = this.#keptPort.noted ?? 0
    if (this.#port === 0 || (await isPortFree(this.#port, '127.0.0.1'))) {
      return
    }
    const isOurs = await this.#ask((redis) => redis.ping()).catch(() => null)
    if (isOurs !== 'PONG') {
      return
    }
    await this.#ask((redis) => redis.shutdown('SAVE')).catch(() => {})
    const deadline = Date.now() + STOP_MILLISECONDS
    while (!(await isPortFree(this.#port, '127.0.0.1')) && Date.now() < deadline) {
      await delay(50)
    }
  }

  async #waitUntilReady(child: ChildProcess) {
    const deadline = Date.now() + START_MILLISECONDS
    for (;;) {
      if (hasExited(child) || Date.now() > deadline) {
        throw new SupervisorError(
          'E_REDIS_UNAVAILABLE',
          `Redis did not start on ${this.#options.folder}; its log says why.`
        )
      }
      const answer = await this.#ask((redis) => redis.ping()).catch(() => null)
      if (answer === 'PONG') {
        return
      }
      await delay(30)
    }
  }

  async #ask<Answer>(question: (redis: Redis) => Promise<Answer>): Promise<Answer> {
    const redis = new Redis(this.url(), {
      lazyConnect: true,
      retryStrategy: () => null,
      connectTimeout: 2_000,
      maxRetriesPerRequest: 0,
    })
    redis.on('error', () => {})
    const asked = redis.connect().then(() => question(redis))
    try {
      // Another program may listen there and never say a word.
      const late = delay(ANSWER_MILLISECONDS, null, { ref: false }).then(() => {
        throw new Error('Redis does not answer')
      })
      return await Promise.race([asked, late])
    } finally {
      asked.catch(() => {})
      redis.disconnect()
    }
  }
}

/**
 * Checks a Redis server that was given: it must answer and must not evict, since eviction loses jobs.
 *
 * @throws SupervisorError E_REDIS_UNAVAILABLE, E_REDIS_EVICTS
 */
export async function checkRedis(url: string): Promise<void> {
  const redis = new Redis(url, {
    lazyConnect: true,
    retryStrategy: () => null,
    connectTimeout: 5_000,
    maxRetriesPerRequest: 0,
  })
  redis.on('error', () => {})
  try {
    await redis.connect()
    const info = await redis.info('memory')
    const policy = /maxmemory_policy:(\S+)/.exec(info)?.[1]
    if (policy !== undefined && policy !== 'noeviction') {
      throw new SupervisorError(
        'E_REDIS_EVICTS',
        `The Redis server at REDIS_URL evicts keys (maxmemory-policy ${policy}), which loses jobs: set maxmemory-policy to noeviction.`
      )
    }
  } catch (error) {
    if (error instanceof SupervisorError) {
      throw error
    }
    throw new SupervisorError(
      'E_REDIS_UNAVAILABLE',
      `The Redis server at REDIS_URL cannot be reached: ${error instanceof Error ? error.message : error}`,
      { cause: error }
    )
  } finally {
    redis.disconnect()
  }
}
