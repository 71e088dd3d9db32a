import { availableParallelism, loadavg } from 'node:os'
import { performance } from 'node:perf_hooks'
import type { QueueDepth, LedgerStatus } from '#jobs/status'
import type { ProjectionStatus } from '#projections/status'
import type { DatabaseState, SiteTotals } from '#read_models/site_queries'
import type { BuildInfo } from './build_info.ts'
import type { HealthReport } from './health.ts'
import type { PoolState } from './metrics.ts'
import type { CheckedStrategy } from './storage_checks.ts'
import { within } from './within.ts'

/** Where the parts of the summary come from. A source that fails or takes too long leaves its part out. */
export interface ObservabilitySources {
  health(): Promise<HealthReport>
  build(): Promise<BuildInfo>
  database(): Promise<DatabaseState>
  pools(): PoolState[]
  eventLogPosition(): Promise<number>
  totals(): Promise<SiteTotals>
  strategies(): Promise<CheckedStrategy[]>
  backlogs(): Promise<LedgerStatus[]>
  depths(): Promise<QueueDepth[]>
  projections(): Promise<ProjectionStatus[]>
}

/** How long one source may take. */
const PATIENCE_MILLISECONDS = 3_000

/** How the site is doing, for its administrators; what could not be read is `null`. */
export async function summarize(sources: ObservabilitySources) {
  const [health, build, database, eventLogPosition, totals, strategies, backlogs, depths, readers] =
    await Promise.all([
      orNull(() => sources.health()),
      orNull(() => sources.build()),
      orNull(() => sources.database()),
      orNull(() => sources.eventLogPosition()),
      orNull(() => sources.totals()),
      orNull(() => sources.strategies()),
      orNull(() => sources.backlogs()),
      orNull(() => sources.depths()),
      orNull(() => sources.projections()),
    ])
  return {
    generated_at: new Date().toISOString(),
    uptime_seconds: Math.floor(process.uptime()),
    health,
    runtime: runtimeOf(build),
    database: database && {
      version: database.version,
      size_bytes: database.sizeBytes,
      connections: database.connections,
      max_connections: database.maxConnections,
      pools: sources.pools(),
      event_log_position: eventLogPosition,
    },
    usage: totals && {
      users: totals.accounts,
      frozen_users: totals.frozenAccounts,
      images: totals.images,
      albums: totals.albums,
      stored_bytes: totals.bytes,
      guest_images: totals.guestImages,
      guest_bytes: totals.guestBytes,
    },
    storage_strategies: strategies,
    queues: backlogs && queuesOf(backlogs, depths),
    projections: readers?.map(projectionOf) ?? null,
  }
}

function runtimeOf(build: BuildInfo | null) {
  const { rss, heapUsed, heapTotal } = process.memoryUsage()
  return {
    version: build?.version ?? null,
    commit: build?.commit ?? null,
    node_version: process.versions.node,
    platform: `${process.platform} ${process.arch}`,
    pid: process.pid,
    cpus: availableParallelism(),
    load_average: loadavg(),
    memory: { rss_bytes: rss, heap_used_bytes: heapUsed, heap_total_bytes: heapTotal },
    event_loop_utilization: performance.eventLoopUtilization().utilization,
  }
}

/** What the ledger owes of each queue, and what Redis holds of it. */
function queuesOf(backlogs: LedgerStatus[], depths: QueueDepth[] | null) {
  return backlogs.map(({ queue, owed, dispatched, dead, oldestSeconds }) => {
    const depth = depths?.find((one) => one.queue === queue)
    return {
      name: queue,
      owed,
      dispatched,
      dead,
      oldest_seconds: oldestSeconds,
      redis: depth
        ? { waiting: depth.waiting, delayed: depth.delayed, active: depth.active }
        : null,
    }
  })
}

function projectionOf(status: ProjectionStatus) {
  return {
    name: status.projection,
    version: status.version,
    position: status.position,
    lag_events: status.lag,
    parked_streams: status.parkedStreams,
    rebuilding: status.rebuilding,
  }
}

async function orNull<Value>(read: () => Promise<Value>): Promise<Value | null> {
  try {
    return await within(PATIENCE_MILLISECONDS, read)
  } catch {
    return null
  }
}
