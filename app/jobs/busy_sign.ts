import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { performance } from 'node:perf_hooks'
import type { Redis } from 'ioredis'
import { QUEUE_PREFIX } from './queues.ts'

/** Of the time, how much of it a process's main thread was at work for it to count as busy. */
const BUSY = 0.5
const LOOK_MILLISECONDS = 100
/** A sign that is not given again is over after this. */
const STANDS_MILLISECONDS = 3 * LOOK_MILLISECONDS

/**
 * By which the web servers of a machine tell its workers that they are busy: what people wait for goes first. It stands in
 * Redis; while that is away nobody is told, and work goes on.
 */
export class BusySign {
  readonly #redis: Redis
  readonly #key = `${QUEUE_PREFIX}:busy:${machineId()}`
  #watch: NodeJS.Timeout | undefined

  /** `redis` fails at once while Redis is away. */
  constructor(redis: Redis) {
    this.#redis = redis
  }

  /** Gives the sign from now on whenever this process is busy. */
  watch(): void {
    let last = performance.eventLoopUtilization()
    this.#watch = setInterval(() => {
      const now = performance.eventLoopUtilization()
      if (performance.eventLoopUtilization(now, last).utilization > BUSY) {
        this.#redis.set(this.#key, '1', 'PX', STANDS_MILLISECONDS).catch(() => {})
      }
      last = now
    }, LOOK_MILLISECONDS).unref()
  }

  stop(): void {
    clearInterval(this.#watch)
  }

  async stands(): Promise<boolean> {
    return (await this.#redis.exists(this.#key).catch(() => 0)) === 1
  }
}

/** What the containers of one machine have in common, where the system tells. */
function machineId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  } catch {
    return hostname()
  }
}
