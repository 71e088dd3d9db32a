import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { run } from '#supervisor/child_process'
import { configureNginx, readNginxBlock } from '#tests/helpers/nginx'
import { waitFor } from '#tests/helpers/wait_for'
import { MachineProcess } from './machine_process.ts'
import { createNetwork, type Machine, type Network } from './network.ts'
import { accepts, createPostgres, createRedis, createS3, type Server } from './servers.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const PAGE = join(ROOT, 'docs', 'scaling.md')
const WEB_PORT = 13_333
const NGINX_PORT = 18_080
const START_MILLISECONDS = 60_000

export const SITE_PARTS = [
  'web-1',
  'web-2',
  'worker-1',
  'worker-2',
  'projector-1',
  'projector-2',
] as const
export const SERVERS = ['postgres', 'redis', 's3'] as const
export type SitePart = (typeof SITE_PARTS)[number]
export type Part = SitePart | (typeof SERVERS)[number]

/** A site on ten machines: two of each role, PostgreSQL, Redis, S3, and nginx before it all. */
export class Cluster {
  readonly network: Network
  readonly siteKey = 'the key of a site on many machines'
  readonly #folder: string
  readonly #nginx: Machine
  readonly #processes = new Map<string, MachineProcess>()
  #servers: Partial<Record<(typeof SERVERS)[number], Server>> = {}

  private constructor(network: Network) {
    this.network = network
    this.#folder = mkdtempSync(join(tmpdir(), 'picfast-cluster-'))
    chmodSync(this.#folder, 0o711)
    this.#nginx = network.add('nginx')
  }

  static async start(): Promise<Cluster> {
    const cluster = new Cluster(createNetwork())
    try {
      await cluster.#start()
    } catch (error) {
      await cluster.stop()
      throw error
    }
    return cluster
  }

  /** Where clients go. */
  get url(): string {
    return `http://${this.#nginx.address}:${NGINX_PORT}`
  }

  get databaseUrl(): string {
    return this.#serverUrl('postgres')
  }

  get s3Url(): string {
    return this.#serverUrl('s3')
  }

  urlOf(part: 'web-1' | 'web-2'): string {
    return `http://${this.process(part).machine.address}:${WEB_PORT}`
  }

  process(part: Part): MachineProcess {
    const found = this.#processes.get(part)
    if (found === undefined) {
      throw new Error(`There is no ${part}`)
    }
    return found
  }

  cut(part: Part): void {
    this.network.cut(this.process(part).machine)
  }

  mend(part: Part): void {
    this.network.mend(this.process(part).machine)
  }

  /** Runs a command of the site to its end, on the machine of a part. */
  async ace(part: SitePart, ...args: string[]): Promise<{ code: number | null; output: string }> {
    const { machine } = this.process(part)
    const [program, parameters] = machine.command(process.execPath, ['ace.js', ...args])
    return run(program, parameters, { cwd: ROOT, env: this.#environment(machine) })
  }

  /** Starts a part and waits until it serves. */
  async startPart(part: string): Promise<void> {
    const one = this.#processes.get(part)
    one?.start()
    await waitFor(() => one?.isReady(), {
      what: `${part} to serve:\n${one?.output}`,
      timeoutMs: START_MILLISECONDS,
      everyMs: 50,
    })
  }

  async stop(): Promise<void> {
    const isServer = (name: string) => SERVERS.some((server) => server === name)
    const [servers, others] = [...this.#processes].reduce<[MachineProcess[], MachineProcess[]]>(
      (sorted, [name, one]) => {
        sorted[isServer(name) ? 0 : 1].push(one)
        return sorted
      },
      [[], []]
    )
    for (const { machine } of this.#processes.values()) {
      this.network.mend(machine)
    }
    await Promise.all(others.map((one) => one.stop()))
    await Promise.all(servers.map((one) => one.stop()))
    this.network.remove()
    rmSync(this.#folder, { recursive: true, force: true })
  }

  async #start(): Promise<void> {
    const at = (name: string) => join(this.#folder, name)
    this.#servers = {
      postgres: await createPostgres(this.network.add('postgres'), at('postgres')),
      redis: await createRedis(this.network.add('redis'), at('redis')),
      s3: createS3(this.network.add('s3'), at('s3')),
    }
    for (const name of SERVERS) {
      const server = this.#servers[name]
      if (server !== undefined) {
        this.#processes.set(name, server.process)
      }
    }
    await Promise.all(SERVERS.map((name) => this.startPart(name)))
    for (const part of SITE_PARTS) {
      this.#processes.set(part, this.#sitePart(this.network.add(part)))
    }
    await this.#prepare()
    this.#processes.set('nginx', await this.#createNginx(at('nginx')))
    await Promise.all([...SITE_PARTS, 'nginx'].map((part) => this.startPart(part)))
  }

  /** Two at once, as where each machine prepares before it starts. */
  async #prepare(): Promise<void> {
    const webs = ['web-1', 'web-2'] as const
    const prepared = await Promise.all(webs.map((web) => this.ace(web, 'prepare')))
    if (prepared.some(({ code }) => code !== 0)) {
      throw new Error(`Not prepared:\n${prepared.map(({ output }) => output).join()}`)
    }
  }

  #sitePart(machine: Machine): MachineProcess {
    const commands = {
      web: { args: ['bin/server.ts'], says: null },
      worker: { args: ['ace.js', 'workers'], says: 'Working' },
      projector: { args: ['ace.js', 'projector'], says: 'Projecting' },
    }
    const [role = ''] = machine.name.split('-')
    const { args, says } = commands[role === 'web' || role === 'worker' ? role : 'projector']
    let from = 0
    const part: MachineProcess = new MachineProcess({
      machine,
      program: process.execPath,
      args,
      cwd: ROOT,
      env: this.#environment(machine),
      isReady() {
        if (says === null) {
          return accepts(machine, WEB_PORT)
        }
        const found = part.output.indexOf(says, from)
        from = found < 0 ? from : part.output.length
        return found >= 0
      },
    })
    return part
  }

  async #createNginx(folder: string): Promise<MachineProcess> {
    mkdirSync(folder)
    const block = await readNginxBlock(PAGE, [
      ['listen 80;', `listen ${this.#nginx.address}:${NGINX_PORT};`],
      ['10.0.0.11:3333', new URL(this.urlOf('web-1')).host],
      ['10.0.0.12:3333', new URL(this.urlOf('web-2')).host],
    ])
    return new MachineProcess({
      machine: this.#nginx,
      program: 'nginx',
      args: await configureNginx(folder, block),
      isReady: () => accepts(this.#nginx, NGINX_PORT),
    })
  }

  #environment({ name, address }: Machine): NodeJS.ProcessEnv {
    return {
      ...process.env,
      NODE_ENV: 'production',
      LOG_LEVEL: 'info',
      HOST: address,
      PORT: String(WEB_PORT),
      APP_URL: this.url,
      APP_KEY: this.siteKey,
      DATABASE_URL: this.#serverUrl('postgres'),
      REDIS_URL: this.#serverUrl('redis'),
      DATA_DIR: join(this.#folder, name),
      TRUSTED_PROXIES: this.#nginx.address,
      API_RATE_LIMIT: '1000000',
      // Tells whose a connection to PostgreSQL is.
      PGAPPNAME: name,
    }
  }

  #serverUrl(name: (typeof SERVERS)[number]): string {
    return this.#servers[name]?.url ?? ''
  }
}
