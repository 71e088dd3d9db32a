import type { Redis } from 'ioredis'
import pg from 'pg'
import { PostgresApiTokenSecretStore, PostgresCredentialStore } from '#auth/credential_store'
import type { StrategyArchives } from '#event_store/archive_store'
import { observeAppends } from '#event_store/observed_event_store'
import { EventStoreDbEventStore } from '#event_store/eventstoredb_event_store'
import { NAMESPACE } from '#event_store/log_place'
import { PostgresEventStore } from '#event_store/postgres_event_store'
import { PostgresIdSource } from '#event_store/postgres_id_source'
import type { NewEvent } from '#event_store/port'
import { postgresSession } from '#event_store/postgres_session'
import { createHandlers, type Handlers } from '#handlers/index'
import { connectRedis, WAITING } from '#jobs/redis_connection'
import { ObjectStores } from '#storage/object_registry'
import { PostgresStrategySecretStore } from '#storage/strategy_secret_store'
import { randomKeys } from '#handlers/random_keys'
import { StrategyArchiveStore } from '#storage/strategy_archive_store'
import { strategyOf } from '#workers/strategy_settings'

/** What a process of PicFast needs to know of its surroundings; `start/env.ts` reads and checks it. */
export interface ServicesConfig {
  databaseUrl: string
  redisUrl: string
  /** Where the log is, when it is in EventStoreDB. */
  eventStoreUrl?: string
  appKey: string
  dataDir: string
  /** Connections of the pool that queries and secrets share; 10 unless told. */
  poolSize?: number
  /** Connections that read the log; 4 unless told. */
  readers?: number
  /** How long one of those queries may take, in milliseconds; without bound unless told. */
  queryPatience?: number
  /** Told of the events that commands of this process have appended. */
  appended?: (events: readonly NewEvent[]) => void | Promise<void>
  /** Told how many seconds an append took, whether or not it was refused. */
  appendTook?: (seconds: number) => void
}

/** The parts that controllers, workers and commands are put together from. */
export interface Services {
  readonly config: ServicesConfig
  readonly pool: pg.Pool
  readonly eventStore: PostgresEventStore | EventStoreDbEventStore
  readonly handlers: Handlers
  readonly objectStores: ObjectStores
  /** How to get at archives of the log that lie in storage strategies. */
  readonly archives: StrategyArchives
  /** A new connection to Redis that waits for it to come back; the caller closes it. */
  redis(): Redis
  close(): Promise<void>
}

export function createServices(config: ServicesConfig): Services {
  const pool = new pg.Pool({
    ...postgresSession(config.databaseUrl, { patience: config.queryPatience }),
    max: config.poolSize ?? 10,
  })
  // A broken idle connection is replaced at the next use.
  pool.on('error', () => {})
  const strategySecrets = new PostgresStrategySecretStore(pool, config.appKey)
  const objectStores = new ObjectStores({ dataDir: config.dataDir, secrets: strategySecrets })
  const archives = archivesOf({ pool, objectStores })
  const eventStore = openEventStore(config, archives)
  const { appended = () => {} } = config
  const handlers = createHandlers({
    store: observeAppends(eventStore, appended),
    ids: new PostgresIdSource(pool),
    keys: randomKeys,
    credentials: new PostgresCredentialStore(pool),
    secrets: new PostgresApiTokenSecretStore(pool),
    strategySecrets,
  })

  return {
    config,
    pool,
    eventStore,
    handlers,
    objectStores,
    archives,
    redis: () => connectRedis(config.redisUrl, WAITING),
    async close() {
      await eventStore.close()
      await pool.end()
    },
  }
}

/** The places of strategies as their read model has them now. */
function archivesOf({
  pool,
  objectStores,
}: Pick<Services, 'pool' | 'objectStores'>): StrategyArchives {
  return async (strategyId) =>
    new StrategyArchiveStore(strategyId, objectStores.get(await strategyOf(pool, strategyId)))
}

function openEventStore(config: ServicesConfig, archives: StrategyArchives) {
  const { databaseUrl, appKey, appendTook, eventStoreUrl, readers } = config
  const options = { connectionString: databaseUrl, siteKey: appKey, appendTook, readers, archives }
  return eventStoreUrl === undefined
    ? new PostgresEventStore(options)
    : new EventStoreDbEventStore({ ...options, url: eventStoreUrl, namespace: NAMESPACE })
}

let shared: Services | null = null

/** Makes the process's services; called once, before the first use. */
export function installServices(installed: Services): void {
  shared = installed
}

/** The process's services. */
export function services(): Services {
  if (shared === null) {
    throw new Error('The services are not installed yet')
  }
  return shared
}
