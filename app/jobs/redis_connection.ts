import { Redis } from 'ioredis'

/** For workers: what is asked waits for Redis to come back. They ask for work and hear for up to ten seconds nothing. */
export const WAITING = { maxRetriesPerRequest: null, socketTimeout: 20_000 }

/** For those who have somewhere else to turn: what is asked while Redis is away fails at once. */
export const FAILING_FAST = {
  maxRetriesPerRequest: 0,
  enableOfflineQueue: false,
  retryStrategy: () => 200,
  socketTimeout: 5_000,
}

/** The machine may vanish without a word: TCP alone would wait for a quarter of an hour. */
const REACHING = { connectTimeout: 3_000, keepAlive: 5_000 }

interface ConnectionOptions {
  maxRetriesPerRequest: number | null
  enableOfflineQueue?: boolean
  retryStrategy?: () => number
  /** Milliseconds after which a connection on which something was asked and nothing is heard counts as broken. */
  socketTimeout: number
  /** Milliseconds that a command may take. */
  commandTimeout?: number
}

/**
 * A connection that comes back by itself when Redis does, without a word meanwhile: those who use it see its status, or
 * that their command fails.
 */
export function connectRedis(url: string, options: ConnectionOptions): Redis {
  const redis = new Redis(url, { ...REACHING, ...options })
  redis.on('error', () => {})
  return redis
}
