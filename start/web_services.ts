import { join } from 'node:path'
import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import logger from '@adonisjs/core/services/logger'
import hash from '@adonisjs/core/services/hash'
import db from '@adonisjs/lucid/services/db'
import type { Redis } from 'ioredis'
import type pg from 'pg'
import { AccessTokens } from '#auth/access_tokens'
import { DeletionLinks } from '#auth/deletion_links'
import { IdentityReader } from '#auth/identity_reader'
import { MailedTokens } from '#auth/mailed_tokens'
import { Passwords } from '#auth/passwords'
import { RefreshTokens } from '#auth/refresh_tokens'
import { Sessions } from '#auth/sessions'
import { ShareTokens } from '#auth/share_tokens'
import { StampReader } from '#auth/stamp_reader'
import { HotAnswers } from '#http/hot_answers'
import { KeptAnswers } from '#http/kept_answers'
import { takeApiRequest } from '#http/rate_limits'
import { BackgroundWork } from '#http/background_work'
import { readBuildInfo } from '#http/build_info'
import { FreshReads } from '#http/fresh_reads'
import { LiveStreams } from '#http/live_events/live_streams'
import { HEALTH_PATIENCE_MILLISECONDS, reportHealth, type HealthChecks } from '#http/health'
import { Metrics, type Lag, type PoolState } from '#http/metrics'
import type { ObservabilitySources } from '#http/observability'
import { ProxiedFiles, type ProxyMode } from '#http/proxied_files'
import { RateLimiter } from '#http/rate_limiter'
import type { AnsweredRequest } from '#http/repeated_answer'
import { imagesChangedBy, ServedImages } from '#http/served_images'
import { viewContext } from '#http/image_access'
import { ShareViews } from '#http/share_views'
import { checkStrategies, type StorageCheck } from '#http/storage_checks'
import { Thumbnails } from '#http/thumbnails'
import { randomKeys } from '#handlers/random_keys'
import { Variants } from '#http/variants'
import { BackgroundLoop } from '#jobs/background_loop'
import { BusySign } from '#jobs/busy_sign'
import { connectRedis, FAILING_FAST } from '#jobs/redis_connection'
import { ledgerStatus, queueDepths } from '#jobs/status'
import { projections } from '#projections/registry'
import { projectionStatus } from '#projections/status'
import { ReadModelWaiter } from '#projections/waiter'
import { listStrategies } from '#read_models/upload_rules_queries'
import type { StrategyView } from '#read_models/views'
import { fetchableNetworks } from '#config/remote'
import { shareOf, webProcesses } from '#config/web_processes'
import { reachableAddresses } from '#remote/reachable_addresses'
import { SafeFetch } from '#remote/safe_fetch'
import { Watermarks } from '#imaging/watermark/watermarks'
import { Workshop } from '#imaging/workshop/workshop'
import { HotObjects } from '#storage/hot_objects'
import type { ObjectStores } from '#storage/object_registry'
import { ObjectReservations } from '#storage/object_reservations'
import { ImageUploads } from '#uploads/image_uploads'
import { UploadReads } from '#uploads/upload_reads'
import { UploadRates } from '#uploads/upload_rates'
import { VariantCache } from '#storage/variant_cache'
import { readModelPositions } from '#read_models/lag_queries'
import { readDatabaseState, readSiteTotals } from '#read_models/site_queries'
import { Siblings } from './siblings.ts'
import { createServices, installServices, type ServicesConfig } from './services.ts'

/** What the controllers are put together from, beside what every process has. */
export interface WebServices {
  readonly accessTokens: AccessTokens
  readonly identities: IdentityReader
  readonly refreshTokens: RefreshTokens
  readonly sessions: Sessions
  readonly passwords: Passwords
  readonly mailedTokens: MailedTokens
  readonly readModels: FreshReads
  readonly uploads: ImageUploads
  readonly stores: ObjectStores
  readonly thumbnails: Thumbnails
  readonly variants: Variants
  readonly servedImages: ServedImages
  readonly hotObjects: HotObjects
  readonly hotAnswers: HotAnswers
  readonly keptAnswers: KeptAnswers
  readonly proxiedFiles: ProxiedFiles
  /** Files elsewhere, on a stranger's word. */
  readonly remoteFiles: SafeFetch
  readonly liveStreams: LiveStreams
  readonly background: BackgroundWork
  readonly deletionLinks: DeletionLinks
  readonly shareTokens: ShareTokens
  readonly shareViews: ShareViews
  readonly metrics: Metrics
  readonly rateLimiter: RateLimiter
  readonly healthChecks: HealthChecks
  readonly observability: ObservabilitySources
  readonly checkStorage: StorageCheck
}

/** What a web server needs to know beside what every process does. */
export interface WebServicesConfig extends ServicesConfig {
  proxyMode: ProxyMode
  variantLimits: { cacheBytes: number; variantsAnImage: number; waiting: number }
  /** Told of requests that were answered without the framework. */
  answered: (answered: AnsweredRequest) => void
  warn: (message: string, error: unknown) => void
}

/** Processes that work on images for all web processes of this machine. */
const WORKSHOP_PROCESSES = Math.min(2, availableParallelism())

/** For the bytes of files that are not large, until they are stored; like all that follows, for all web processes. */
const UPLOAD_BYTES = 48 * 1024 * 1024
/** Memory for files that are asked for often. */
const HOT_BYTES = 64 * 1024 * 1024
/** For answers that are given again; their bytes are mostly those of the two others. */
const HOT_ANSWER_BYTES = 32 * 1024 * 1024
/** For answers of the API. */
const KEPT_ANSWER_BYTES = 32 * 1024 * 1024
/** And for variants. */
const HOT_VARIANT_BYTES = 32 * 1024 * 1024

/** What web processes ask each other. */
const IMAGES_CHANGED = 'images changed'
const MEASUREMENTS = 'measurements'

/** Readers of the log as it grows: each costs a few queries a second. */
const LIVE_STREAMS = { most: 32, mostOfAccount: 4 }

const EVICTION_PAUSE_MILLISECONDS = 60 * 60 * 1_000

/** A request does not wait for a Redis that is away or stuck: rates are then counted without it. */
const RATES = { ...FAILING_FAST, commandTimeout: 250 }

let shared: WebServices | undefined

/** The services of this process's web server. */
export function webServices(): WebServices {
  if (shared === undefined) {
    throw new Error('The web services are not installed yet')
  }
  return shared
}

/** Makes the services of a web server; answers how to end them. */
export function installWebServices(config: WebServicesConfig): () => Promise<void> {
  const siblings = new Siblings(webProcesses > 1 ? process : null)
  const servedImages = new ServedImages()
  const base = createServices({
    ...config,
    appended: async (events) => {
      const changed = imagesChangedBy(events)
      if (changed.length > 0) {
        servedImages.changed(changed)
        await siblings.ask(IMAGES_CHANGED, changed)
      }
    },
    appendTook: (seconds) => metrics.appendTook(seconds),
  })
  installServices(base)
  const { pool, eventStore, objectStores: stores } = base
  const accessTokens = new AccessTokens(config.appKey)
  const refreshTokens = new RefreshTokens(pool)
  const waiter = new ReadModelWaiter(config.databaseUrl)
  const stamps = new StampReader(config.databaseUrl)
  const readModels = new FreshReads(waiter)
  const background = new BackgroundWork()
  const { cache, evictions } = createVariantCache(config)
  const redis = base.redis()
  const workshop = new Workshop({ processes: shareOf(WORKSHOP_PROCESSES) })
  const rateRedis = connectRedis(config.redisUrl, RATES)
  const depthRedis = connectRedis(config.redisUrl, FAILING_FAST)
  const busySign = new BusySign(depthRedis)
  busySign.watch()

  const shareViews = new ShareViews({
    record: (shareId, views, commandId) =>
      base.handlers.share.recordViews(
        { shareId, views, maxViews: null },
        { ...viewContext(commandId), commandId }
      ),
    warn: (message, error) => logger.warn({ err: error }, message),
  })

  const readLags = async (): Promise<Lag[]> => {
    const [head, positions] = await Promise.all([eventStore.head(), readModelPositions()])
    return positions.map(({ name, position }) => ({ name, events: head.position - position }))
  }

  const jobsAndPools = {
    backlogs: () => ledgerStatus(pool),
    depths: () => queueDepths(depthRedis),
    pools: () => [
      poolState('secrets', pool),
      poolState('event_log', eventStore.readers),
      queryPoolState(),
    ],
  }
  const position = async () => (await eventStore.head()).position
  const metrics = new Metrics({
    ...jobsAndPools,
    position,
    lags: readLags,
    siblings: () => siblings.ask(MEASUREMENTS),
  })
  siblings.answer(IMAGES_CHANGED, (imageIds) => servedImages.changed(imageIds as number[]))
  siblings.answer(MEASUREMENTS, () => metrics.ofThisProcess())
  siblings.join()

  const healthChecks: HealthChecks = {
    database: () => db.rawQuery('select 1'),
    eventStore: () => eventStore.head(),
    redis: () => pingRedis(redis),
    storage: createStoreCheck(stores),
  }
  const checkStorage: StorageCheck = async (strategyId) => {
    const strategy = (await listStrategies()).find(({ id }) => id === strategyId)
    return strategy === undefined
      ? { ok: false, detail: 'There is no such strategy' }
      : stores.get(strategy).health()
  }

  shared = {
    accessTokens,
    identities: new IdentityReader(pool),
    refreshTokens,
    sessions: new Sessions(accessTokens, refreshTokens),
    passwords: new Passwords(pool, hash),
    mailedTokens: new MailedTokens(pool, config.appKey),
    readModels,
    uploads: new ImageUploads({
      handlers: base.handlers,
      stores,
      readModels,
      metrics,
      reservations: new ObjectReservations(pool),
      reads: new UploadReads(pool),
      keys: randomKeys,
      memoryBytes: shareOf(UPLOAD_BYTES),
      rates: new UploadRates({ redis: rateRedis, appKey: config.appKey }),
      workshop,
      watermarks: new Watermarks({ folder: join(config.dataDir, 'cache', 'fonts') }),
    }),
    stores,
    thumbnails: new Thumbnails({ stores, workshop }),
    variants: new Variants({ stores, cache, waiting: config.variantLimits.waiting }),
    servedImages,
    hotObjects: new HotObjects({ bytes: shareOf(HOT_BYTES) }),
    hotAnswers: new HotAnswers({
      bytes: shareOf(HOT_ANSWER_BYTES),
      known: (key) => servedImages.known(key),
      completed: config.answered,
    }),
    keptAnswers: new KeptAnswers({
      bytes: shareOf(KEPT_ANSWER_BYTES),
      stamps,
      take: takeApiRequest,
      completed: config.answered,
    }),
    proxiedFiles: new ProxiedFiles({ mode: config.proxyMode, dataDir: config.dataDir }),
    remoteFiles: new SafeFetch({ isReachable: reachableAddresses(fetchableNetworks) }),
    liveStreams: new LiveStreams(LIVE_STREAMS),
    background,
    deletionLinks: new DeletionLinks(pool),
    shareTokens: new ShareTokens(config.appKey),
    shareViews,
    metrics,
    rateLimiter: new RateLimiter({ redis: rateRedis, appKey: config.appKey }),
    healthChecks,
    checkStorage,
    observability: {
      ...jobsAndPools,
      health: () => reportHealth(healthChecks),
      build: () => readBuildInfo(),
      database: readDatabaseState,
      eventLogPosition: position,
      totals: readSiteTotals,
      strategies: () => checkStrategies(checkStorage),
      projections: () => projectionStatus(pool, projections),
    },
  }
  return async () => {
    await evictions.stop()
    await background.settle()
    await shareViews.settle()
    await workshop.close()
    await cache.settle()
    await waiter.close()
    await stamps.close()
    redis.disconnect()
    rateRedis.disconnect()
    busySign.stop()
    depthRedis.disconnect()
    await base.close()
  }
}

/** The cache of variants, and what keeps it within its bounds. */
function createVariantCache({ dataDir, variantLimits, warn }: WebServicesConfig) {
  const cache = new VariantCache({
    dataDir,
    bytes: variantLimits.cacheBytes,
    memoryBytes: shareOf(HOT_VARIANT_BYTES),
    variantsAnImage: variantLimits.variantsAnImage,
    grown: () => evictions.wake(),
    failed: (error) => warn('A variant could not be kept', error),
  })
  const evictions = new BackgroundLoop({
    step: async () => {
      await cache.evict()
      return false
    },
    pauseMs: EVICTION_PAUSE_MILLISECONDS,
    failed: (error) => warn('Variants could not be evicted', error),
  })
  evictions.start()
  return { cache, evictions }
}

/** Every store that images may lie in must take and give bytes; without the database, those known of before. */
function createStoreCheck(stores: ObjectStores): () => Promise<void> {
  let strategies: StrategyView[] = []
  return async () => {
    strategies = await listStrategies().catch(() => strategies)
    for (const strategy of strategies) {
      const { ok, detail } = await stores.get(strategy).health()
      if (!ok) {
        throw new Error(detail ?? 'The storage cannot be used')
      }
    }
  }
}

/** The connections of a pool of node-postgres. */
function poolState(
  pool: string,
  {
    totalCount,
    idleCount,
    waitingCount,
  }: Pick<pg.Pool, 'totalCount' | 'idleCount' | 'waitingCount'>
): PoolState {
  return { pool, total: totalCount, idle: idleCount, waiting: waitingCount }
}

/** The connections of the queries of read models. */
function queryPoolState(): PoolState {
  const pool = db.manager.get(db.primaryConnectionName)?.connection?.pool
  const idle = pool?.numFree() ?? 0
  return {
    pool: 'queries',
    total: (pool?.numUsed() ?? 0) + idle,
    idle,
    waiting: pool?.numPendingAcquires() ?? 0,
  }
}

/** While it is away nothing is queued for it: a check waits for it to come back, and fails at the first error. */
async function pingRedis(redis: Redis): Promise<void> {
  if (redis.status !== 'ready') {
    await once(redis, 'ready', { signal: AbortSignal.timeout(HEALTH_PATIENCE_MILLISECONDS) })
  }
  await redis.ping()
}
