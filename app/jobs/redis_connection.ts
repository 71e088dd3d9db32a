import { Redis } from 'ioredis'

/** For workers: what is asked waits for Redis to come back. */
export const WAITING = { maxRetriesPerRequest: null }

/** For those who have somewhere else to turn: what is asked while Redis is away fails at once. */
export const FAILING_FAST = {
  maxRetriesPerRequest: 0,
  enableOfflineQueue: false,
  retryStrategy: () => 200,
}

interface ConnectionOptions {
  maxRetriesPerRequest: number | null
  enableOfflineQueue?: boolean
  retryStrategy?: () => number
  /** Milliseconds that a command may take. */
  commandTimeout?: number
}

/**
 * A connection that comes back by itself when Redis does, without a word meanwhile: those who use it see its status, or
 * that their command fails.
 */
export function connectRedis(url: string, options: ConnectionOptions): Redis {
  const redis = new Redis(url, options)
  redis.on('error', () => {})
  return redis
}
