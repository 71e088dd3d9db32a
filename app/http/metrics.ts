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

/** Measurements of this process, for Prometheus. */
export class Metrics {
  readonly registry = new Registry()
  readonly #requests: Histogram<'method' | 'route' | 'code'>
  readonly #uploads: Counter
  readonly #uploadedBytes: Counter

  constructor(readLags: () => Promise<Lag[]>) {
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
        for (const { name, events } of await readLags()) {
          this.set({ projection: name }, events)
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
