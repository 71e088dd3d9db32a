import {
  AggregatorRegistry,
  collectDefaultMetrics,
  Counter,
  Gauge,
  Histogram,
  Registry,
} from 'prom-client'
import { within } from './within.ts'

export interface CompletedRequest {
  method: string
  /** The route's pattern: addresses themselves would be without number. */
  route: string
  code: number
  seconds: number
}

/** How far a consumer of the log is behind its head, in events. */
export interface Lag {
  name: string
  events: number
}

/** What a queue of jobs owes, by the ledger. */
export interface QueueBacklog {
  queue: string
  owed: number
  dispatched: number
  dead: number
  oldestSeconds: number
}

/** How many jobs Redis holds of a queue. */
export interface QueueDepth {
  queue: string
  waiting: number
  delayed: number
  active: number
}

/** The connections that one pool of this process has to PostgreSQL. */
export interface PoolState {
  pool: string
  total: number
  idle: number
  /** Those who wait for a connection. */
  waiting: number
}

/** Where measurements come from that are read when somebody looks. */
export interface MetricSources {
  /** The log's last position. */
  position(): Promise<number>
  lags(): Promise<Lag[]>
  backlogs(): Promise<QueueBacklog[]>
  depths(): Promise<QueueDepth[]>
  pools(): PoolState[]
  /** What the other web processes of this site on this machine measure of themselves; `ofThisProcess` of each. */
  siblings(): Promise<unknown[]>
}

/** How long one source may take; Prometheus gives up on all of them after ten seconds. */
const PATIENCE_MILLISECONDS = 2_000

/** Any other is counted under one name: a client could send dozens. */
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])

const LATENCIES = [0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]

/**
 * Measurements of the web processes of a machine, for Prometheus: whichever is asked answers for all. What cannot be read is
 * left out, and `picfast_source_up` says so.
 */
export class Metrics {
  /** What this process measures of itself. */
  readonly #own = new Registry()
  /** What is the same whichever process reads it. */
  readonly #site = new Registry()
  readonly #sources: MetricSources
  readonly #requests = this.#histogram(
    'picfast_http_request_duration_seconds',
    'Time from the first byte of a request to the last of its answer',
    ['method', 'route', 'code'],
    [...LATENCIES, 15, 60]
  )
  readonly #appends = this.#histogram(
    'picfast_event_append_duration_seconds',
    'Time that an append to the event log takes, with its wait for the batch it rides in',
    [],
    LATENCIES
  )
  readonly #uploads = this.#counter('picfast_uploads_total', 'Images stored')
  readonly #uploadedBytes = this.#counter(
    'picfast_uploaded_bytes_total',
    'Bytes of the images stored'
  )
  readonly #position = this.#gauge('picfast_event_log_position', 'Events in the log')
  readonly #lags = this.#gauge(
    'picfast_projection_lag_events',
    'Events between the head of the log and what a read model shows',
    ['projection']
  )
  readonly #jobs = this.#gauge('picfast_jobs', 'Jobs that are not done, by the ledger', [
    'queue',
    'state',
  ])
  readonly #oldestJobs = this.#gauge(
    'picfast_jobs_oldest_seconds',
    'How long the oldest job that is due has been waiting',
    ['queue']
  )
  readonly #depths = this.#gauge('picfast_queue_depth', 'Jobs that Redis holds', ['queue', 'state'])
  readonly #connections = new Gauge({
    name: 'picfast_database_connections',
    help: 'Connections to PostgreSQL, and those who wait for one',
    labelNames: ['pool', 'state'],
    registers: [this.#own],
  })
  readonly #processes = this.#gauge(
    'picfast_web_processes',
    'Web processes on this machine whose measurements these are'
  )
  readonly #sourceUp = this.#gauge(
    'picfast_source_up',
    'Whether what measurements are read from could be read',
    ['source']
  )

  constructor(sources: MetricSources) {
    this.#sources = sources
    collectDefaultMetrics({ register: this.#own })
  }

  requestCompleted({ method, route, code, seconds }: CompletedRequest): void {
    const label = METHODS.has(method) ? method : 'other'
    this.#requests.observe({ method: label, route, code }, seconds)
  }

  uploadStored(bytes: number): void {
    this.#uploads.inc()
    this.#uploadedBytes.inc(bytes)
  }

  /** Told how long an append took, whether or not it was refused. */
  appendTook(seconds: number): void {
    this.#appends.observe(seconds)
  }

  get contentType(): string {
    return this.#site.contentType
  }

  /** All measurements, as Prometheus reads them. */
  async show(): Promise<string> {
    const sources = this.#sources
    this.#showPools(sources.pools())
    await Promise.all([
      this.#read('event_log', [this.#position], async () => {
        this.#position.set(await sources.position())
      }),
      this.#read('projections', [this.#lags], async () => {
        for (const { name, events } of await sources.lags()) {
          this.#lags.set({ projection: name }, events)
        }
      }),
      this.#read('ledger', [this.#jobs, this.#oldestJobs], async () => {
        this.#showBacklogs(await sources.backlogs())
      }),
      this.#read('redis', [this.#depths], async () => {
        this.#showDepths(await sources.depths())
      }),
    ])
    return `${await this.#ofAll()}\n${await this.#site.metrics()}`
  }

  /** What others need to tell what all processes measure together. */
  ofThisProcess(): Promise<object[]> {
    this.#showPools(this.#sources.pools())
    return this.#own.getMetricsAsJSON()
  }

  async #ofAll(): Promise<string> {
    const answers = await this.#sources.siblings()
    const others = answers.filter((answer) => Array.isArray(answer))
    this.#processes.set(1 + others.length)
    return others.length === 0
      ? this.#own.metrics()
      : AggregatorRegistry.aggregate([await this.#own.getMetricsAsJSON(), ...others]).metrics()
  }

  #showPools(pools: PoolState[]): void {
    for (const { pool, total, idle, waiting } of pools) {
      this.#connections.set({ pool, state: 'total' }, total)
      this.#connections.set({ pool, state: 'idle' }, idle)
      this.#connections.set({ pool, state: 'waiting' }, waiting)
    }
  }

  #showBacklogs(backlogs: QueueBacklog[]): void {
    for (const { queue, owed, dispatched, dead, oldestSeconds } of backlogs) {
      this.#oldestJobs.set({ queue }, oldestSeconds)
      this.#jobs.set({ queue, state: 'owed' }, owed)
      this.#jobs.set({ queue, state: 'dispatched' }, dispatched)
      this.#jobs.set({ queue, state: 'dead' }, dead)
    }
  }

  #showDepths(depths: QueueDepth[]): void {
    for (const { queue, waiting, delayed, active } of depths) {
      this.#depths.set({ queue, state: 'waiting' }, waiting)
      this.#depths.set({ queue, state: 'delayed' }, delayed)
      this.#depths.set({ queue, state: 'active' }, active)
    }
  }

  /** Reads a source into its gauges; these are empty when it fails or takes too long. */
  async #read(source: string, gauges: Gauge[], read: () => Promise<void>): Promise<void> {
    gauges.forEach((gauge) => gauge.reset())
    try {
      await within(PATIENCE_MILLISECONDS, read)
      this.#sourceUp.set({ source }, 1)
    } catch {
      gauges.forEach((gauge) => gauge.reset())
      this.#sourceUp.set({ source }, 0)
    }
  }

  #gauge(name: string, help: string, labelNames: string[] = []): Gauge {
    return new Gauge({ name, help, labelNames, registers: [this.#site] })
  }

  #counter(name: string, help: string): Counter {
    return new Counter({ name, help, registers: [this.#own] })
  }

  #histogram(name: string, help: string, labelNames: string[], buckets: number[]): Histogram {
    return new Histogram({ name, help, labelNames, buckets, registers: [this.#own] })
  }
}
