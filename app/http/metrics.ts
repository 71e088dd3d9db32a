import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'

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

/** What a queue of jobs owes. */
export interface QueueBacklog {
  queue: string
  owed: number
  dispatched: number
  dead: number
  oldestSeconds: number
}

/** Where measurements that lie in the database come from; read when somebody looks. */
export interface MetricSources {
  lags(): Promise<Lag[]>
  backlogs(): Promise<QueueBacklog[]>
}

/** Measurements of this process, for Prometheus. */
export class Metrics {
  readonly registry = new Registry()
  readonly #requests: Histogram<'method' | 'route' | 'code'>
  readonly #uploads: Counter
  readonly #uploadedBytes: Counter

  constructor(sources: MetricSources) {
    const registers = [this.registry]
    collectDefaultMetrics({ register: this.registry })
    this.#requests = new Histogram({
      name: 'picfast_http_request_duration_seconds',
      help: 'Time from the first byte of a request to the last of its answer',
      labelNames: ['method', 'route', 'code'],
      buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60],
      registers,
    })
    this.#uploads = new Counter({
      name: 'picfast_uploads_total',
      help: 'Images stored',
      registers,
    })
    this.#uploadedBytes = new Counter({
      name: 'picfast_uploaded_bytes_total',
      help: 'Bytes of the images stored',
      registers,
    })
    new Gauge({
      name: 'picfast_projection_lag_events',
      help: 'Events between the head of the log and what a read model shows',
      labelNames: ['projection'],
      registers,
      async collect() {
        for (const { name, events } of await sources.lags()) {
          this.set({ projection: name }, events)
        }
      },
    })
    const oldest = new Gauge({
      name: 'picfast_jobs_oldest_seconds',
      help: 'How long the oldest job that is due has been waiting',
      labelNames: ['queue'],
      registers,
    })
    new Gauge({
      name: 'picfast_jobs',
      help: 'Jobs that are not done, by the ledger',
      labelNames: ['queue', 'state'],
      registers,
      async collect() {
        for (const { queue, oldestSeconds, ...states } of await sources.backlogs()) {
          oldest.set({ queue }, oldestSeconds)
          this.set({ queue, state: 'owed' }, states.owed)
          this.set({ queue, state: 'dispatched' }, states.dispatched)
          this.set({ queue, state: 'dead' }, states.dead)
        }
      },
    })
  }

  requestCompleted({ method, route, code, seconds }: CompletedRequest): void {
    this.#requests.observe({ method, route, code }, seconds)
  }

  uploadStored(bytes: number): void {
    this.#uploads.inc()
    this.#uploadedBytes.inc(bytes)
  }
}
