import type pg from 'pg'

/** A process that froze in the middle of a batch loses its connection after this long, and with it the locks. */
const FROZEN_MILLISECONDS = 1_000

/** A session that keeps read models up to date. Its commits need not be durable: they can be replayed. */
export function projectionSession(connectionString: string): pg.ClientConfig {
  return sessionWith(connectionString, [
    `idle_in_transaction_session_timeout=${FROZEN_MILLISECONDS}`,
    'lock_timeout=10s',
  ])
}

/** A session for long work beside the read models that serve. */
export function copySession(connectionString: string): pg.ClientConfig {
  return sessionWith(connectionString, ['maintenance_work_mem=128MB', 'work_mem=32MB'])
}

function sessionWith(connectionString: string, settings: readonly string[]): pg.ClientConfig {
  return {
    connectionString,
    connectionTimeoutMillis: 5_000,
    keepAlive: true,
    options: ['synchronous_commit=off', 'jit=off', ...settings]
      .map((setting) => `-c ${setting}`)
      .join(' '),
  }
}
