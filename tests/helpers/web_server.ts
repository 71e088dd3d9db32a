import { fork, type ChildProcess } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Argon } from '@adonisjs/core/hash/drivers/argon'
import { requireLogPlace } from '#event_store/log_place'
import { SYSTEM_ACTOR, type CommandContext } from '#handlers/command_context'
import { installProjections } from '#projections/install'
import { projections } from '#projections/registry'
import { ProjectionRuntime } from '#projections/runtime'
import { ReadModelWaiter } from '#projections/waiter'
import { createServices, type Services } from '#start/services'
import { findFreePort } from '#supervisor/free_port'
import { stopProcess } from '#supervisor/child_process'
import { ApiClient, type TokensJson } from './api.ts'
import { createTestDatabase } from './database.ts'
import { TEST_SITE_KEY } from './event_store.ts'
import { OpenapiChecker } from './openapi.ts'
import { testRedisUrl } from './redis.ts'

const SERVER = fileURLToPath(new URL('../../bin/server.ts', import.meta.url))

/** Argon2 at its cheapest: what is tested is not its strength. */
export const testHasher = new Argon({ memory: 64, iterations: 2, parallelism: 1 })

export const SYSTEM: CommandContext = {
  actor: SYSTEM_ACTOR,
  correlationId: 'tests',
  causationId: null,
  ip: null,
  userAgent: null,
  source: 'console',
}

export const ADMIN = { email: 'ada@example.org', password: 'correct horse', name: 'Ada' }

export const USER_PASSWORD = 'a password for tests'

export interface TestWebServer {
  process: ChildProcess
  /** A client without credentials. */
  api: ApiClient
  checker: OpenapiChecker
  dataDir: string
  /** The services on the same database, to bring about what the API cannot yet. */
  services: Services
  /** Sets the site up; answers a client that is signed in as its administrator. */
  setUp(): Promise<ApiClient>
  /** Registers a user; answers a client that is signed in as them. */
  addUser(email: string, capacityBytes?: number): Promise<ApiClient>
  /** Stops the read models where they are. */
  pauseReadModels(): Promise<void>
  resumeReadModels(): void
  stop(): Promise<void>
}

/** The real web server in a process of its own, on a database of its own, with read models kept up to date by this one. */
export async function startWebServer(
  environment: Record<string, string> = {}
): Promise<TestWebServer> {
  const database = await createTestDatabase()
  const dataDir = await mkdtemp(join(tmpdir(), 'picfast-test-'))
  const redisUrl = testRedisUrl()
  const services = createServices({
    databaseUrl: database.url,
    redisUrl,
    appKey: TEST_SITE_KEY,
    dataDir,
    eventStoreUrl: environment['EVENTSTORE_URL'],
    poolSize: 2,
  })
  await requireLogPlace({
    connectionString: database.url,
    inEventStoreDb: environment['EVENTSTORE_URL'] !== undefined,
  })
  const createRuntime = () =>
    new ProjectionRuntime({
      connectionString: database.url,
      eventStore: services.eventStore,
      projections,
      eager: true,
    })
  let runtime = createRuntime()
  await installProjections({
    connectionString: database.url,
    eventStore: services.eventStore,
    projections,
  })
  runtime.start()
  const waiter = new ReadModelWaiter(database.url)
  const port = await findFreePort()
  const url = `http://127.0.0.1:${port}`
  const server = fork(SERVER, {
    env: {
      ...process.env,
      NODE_ENV: 'production',
      HOST: '127.0.0.1',
      PORT: String(port),
      APP_URL: url,
      APP_KEY: TEST_SITE_KEY,
      DATABASE_URL: database.url,
      REDIS_URL: redisUrl,
      DATA_DIR: dataDir,
      // All tests of a server come from one address.
      RATE_LIMITS: 'off',
      ...environment,
    },
  })
  await untilReady(server)
  const checker = await OpenapiChecker.load()
  const api = new ApiClient(url, checker)

  const signIn = async (email: string, password: string) => {
    const { data } = await api.post<TokensJson>('/api/v1/auth/login', { json: { email, password } })
    return api.as(data.access_token)
  }

  return {
    process: server,
    api,
    checker,
    dataDir,
    services,
    async setUp() {
      const { data } = await api.post<TokensJson>('/api/v1/setup', { json: ADMIN })
      return api.as(data.access_token)
    },
    async addUser(email, capacityBytes = 100_000_000) {
      const passwordHash = await testHasher.make(USER_PASSWORD)
      const { position } = await services.handlers.account.registerAccount(
        {
          email,
          name: email,
          passwordHash,
          role: 'user',
          origin: 'registration',
          groupId: 1,
          capacityBytes,
          emailVerified: true,
        },
        SYSTEM
      )
      await waiter.waitFor(position, ['accounts'], 5_000)
      return signIn(email, USER_PASSWORD)
    },
    pauseReadModels: () => runtime.stop(),
    resumeReadModels() {
      runtime = createRuntime()
      runtime.start()
    },
    async stop() {
      await stopProcess(server, 'SIGTERM', 10_000)
      await runtime.stop()
      await waiter.close()
      await services.close()
      await database.drop()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}

/** The server says so when it listens. */
function untilReady(server: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    server.on('message', () => resolve())
    server.once('exit', (code) => reject(new Error(`The server ended with ${code}`)))
  })
}
