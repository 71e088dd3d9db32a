import type { Redis } from 'ioredis'
import { BusySign } from '#jobs/busy_sign'
import { Dispatcher } from '#jobs/dispatcher'
import { JobLedger } from '#jobs/ledger'
import { Reconciler } from '#jobs/reconciler'
import { connectRedis, FAILING_FAST } from '#jobs/redis_connection'
import { Relay } from '#jobs/relay'
import { WorkerRuntime, type Processor } from '#jobs/worker_runtime'
import { reactors } from '#reactors/registry'
import { forgettingSweep } from './account_sweep.ts'
import { AuditRetention } from './audit_retention.ts'
import { exportSweep } from './export_sweep.ts'
import { expirySweep, purgeSweep } from './image_sweep.ts'
import { ObjectSweep } from './object_sweep.ts'
import type { WorkerPorts } from './ports.ts'

export interface JobSystemOptions {
  ports: WorkerPorts
  processors: readonly Processor[]
  databaseUrl: string
  redisUrl: string
  /** Makes a connection that waits for Redis to come back. */
  redis: () => Redis
  warn: (message: string, error: unknown) => void
}

/** From events to work done: relay, ledger, dispatcher, workers, reconciler and sweeps of one process. */
export class JobSystem {
  readonly #parts: ReadonlyArray<{ start(): void; stop(): Promise<void> }>
  readonly #signs: Redis

  constructor({ ports, processors, databaseUrl, redisUrl, redis, warn }: JobSystemOptions) {
    const ledger = new JobLedger(ports.pool)
    const dispatcher = new Dispatcher({ ledger, redisUrl, warn })
    const owed = () => dispatcher.wake()
    this.#signs = connectRedis(redisUrl, FAILING_FAST)
    const sign = new BusySign(this.#signs)
    const isBusy = () => sign.stands()
    const workers = new WorkerRuntime({ processors, ledger, redis, isBusy, warn })
    this.#parts = [
      workers,
      dispatcher,
      new Relay({
        connectionString: databaseUrl,
        eventStore: ports.eventStore,
        reactors,
        owed,
        warn,
      }),
      new Reconciler({
        ledger,
        redisUrl,
        waiting: () => dispatcher.waiting(),
        owed,
        givenUp: (work) => workers.giveUp(work),
        warn,
      }),
      expirySweep(ports, warn),
      purgeSweep(ports, warn),
      forgettingSweep(ports, warn),
      exportSweep(ports, warn),
      new AuditRetention(ports, warn),
      new ObjectSweep(ports, warn),
    ]
  }

  start(): void {
    this.#parts.forEach((part) => part.start())
  }

  /** Takes no more work, finishes what is in hand, settles it. */
  async stop(): Promise<void> {
    for (const part of [...this.#parts].reverse()) {
      await part.stop()
    }
    this.#signs.disconnect()
  }
}
