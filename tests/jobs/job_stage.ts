import { Redis } from 'ioredis'
import type pg from 'pg'
import { Dispatcher } from '#jobs/dispatcher'
import { JobLedger } from '#jobs/ledger'
import type { Assignment, QueueName } from '#jobs/queues'
import { connectRedis, WAITING } from '#jobs/redis_connection'
import { Reconciler } from '#jobs/reconciler'
import { Relay } from '#jobs/relay'
import { WorkerRuntime, type Processor } from '#jobs/worker_runtime'
import type { PostgresEventStore } from '#event_store/postgres_event_store'
import { reactors } from '#reactors/registry'
import { createTestDatabase, type TestDatabase } from '#tests/helpers/database'
import { openTestStore } from '#tests/helpers/event_store'
import { METADATA, uploaded } from '#tests/helpers/events'
import { testRedisUrl } from '#tests/helpers/redis'
import { openPool } from '#tests/helpers/pool'

/** A worker that notes what it was given, and fails as long as it is told to. */
export class NotingProcessor implements Processor {
  readonly queue: QueueName
  readonly done: Assignment[] = []
  readonly givenUp: string[] = []
  failing: (assignment: Assignment) => boolean = () => false
  /** What each work waits for. */
  until: () => Promise<unknown> = () => Promise.resolve()

  constructor(queue: QueueName) {
    this.queue = queue
  }

  async process(assignments: readonly Assignment[]): Promise<void> {
    await this.until()
    if (assignments.some((assignment) => this.failing(assignment))) {
      throw new Error('told to fail')
    }
    this.done.push(...assignments)
  }

  async giveUp({ reactionKey }: Assignment): Promise<void> {
    this.givenUp.push(reactionKey)
  }
}

interface Part {
  start(): void
  stop(): Promise<void>
}

/** Ledger, relays, dispatchers and workers on a database and a Redis of their own. */
export class JobStage {
  readonly redisUrl = testRedisUrl()
  readonly pool: pg.Pool
  readonly store: PostgresEventStore
  readonly ledger: JobLedger
  /** What reconcilers warn of. */
  readonly warnings: string[] = []
  /** What workers are told of the machine. */
  isBusy = () => false
  readonly #database: TestDatabase
  readonly #parts: Part[] = []

  private constructor(database: TestDatabase) {
    this.#database = database
    this.pool = openPool(database.url, 10)
    this.store = openTestStore(database.url)
    this.ledger = new JobLedger(this.pool)
  }

  static async open(): Promise<JobStage> {
    return new JobStage(await createTestDatabase())
  }

  get databaseUrl(): string {
    return this.#database.url
  }

  async close(): Promise<void> {
    for (const part of this.#parts.reverse()) {
      await part.stop()
    }
    await this.store.close()
    await this.pool.end()
    await this.#database.drop()
  }

  relay(): Relay {
    return this.#started(
      new Relay({
        connectionString: this.#database.url,
        eventStore: this.store,
        reactors,
        owed: () => {},
        warn: () => {},
      })
    )
  }

  dispatcher(): Dispatcher {
    return this.#started(
      new Dispatcher({ ledger: this.ledger, redisUrl: this.redisUrl, warn: () => {} })
    )
  }

  workers(...processors: Processor[]): WorkerRuntime {
    return this.#started(
      new WorkerRuntime({
        processors,
        ledger: this.ledger,
        redis: () => connectRedis(this.redisUrl, WAITING),
        isBusy: async () => this.isBusy(),
        warn: () => {},
      })
    )
  }

  reconciler(): Reconciler {
    return this.#started(this.#makeReconciler(() => {}, this.dispatcher()))
  }

  /** A reconciler of another Redis than the others'. */
  reconcilerOf(redisUrl: string): Reconciler {
    return this.#started(this.#makeReconciler(() => {}, undefined, redisUrl))
  }

  /** A reconciler that looks only when it is told to, and sees what waits in Redis through a dispatcher, if there is one. */
  idleReconciler(givenUp: (key: string) => void, dispatcher?: Dispatcher): Reconciler {
    const reconciler = this.#makeReconciler(givenUp, dispatcher)
    this.#parts.push(reconciler)
    return reconciler
  }

  async upload(first: number, count: number, expiresAt: string | null = null): Promise<void> {
    await Promise.all(
      Array.from({ length: count }, (_, index) =>
        this.store.append({
          stream: `image-${first + index}`,
          expectedVersion: 'none',
          events: [uploaded(first + index, { expires_at: expiresAt })],
          metadata: METADATA,
        })
      )
    )
  }

  async flushRedis(): Promise<void> {
    const redis = new Redis(this.redisUrl)
    await redis.flushdb()
    redis.disconnect()
  }

  async count(state: string, queue: QueueName): Promise<number> {
    const { rows } = await this.pool.query<{ count: string }>(
      'select count(*) from run.job_ledger where state = $1 and queue = $2',
      [state, queue]
    )
    return Number(rows[0]?.count)
  }

  #makeReconciler(
    givenUp: (key: string) => void,
    dispatcher?: Dispatcher,
    redisUrl = this.redisUrl
  ): Reconciler {
    return new Reconciler({
      ledger: this.ledger,
      redisUrl,
      waiting: async () => (await dispatcher?.waiting()) ?? new Map(),
      owed: () => {},
      givenUp: async ({ reactionKey }) => givenUp(reactionKey),
      warn: (message) => this.warnings.push(message),
    })
  }

  #started<One extends Part>(part: One): One {
    this.#parts.push(part)
    part.start()
    return part
  }
}
