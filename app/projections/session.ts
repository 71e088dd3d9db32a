import type pg from 'pg'
import { postgresSession } from '#event_store/postgres_session'

/** A process that froze in the middle of a batch loses its connection after this long, and with it the locks. */
const FROZEN_MILLISECONDS = 1_000
const STATEMENT_MILLISECONDS = 15_000

const UNHURRIED = ['synchronous_commit=off', 'jit=off']

/** A session that keeps read models up to date. Its commits need not be durable: they can be replayed. */
export function projectionSession(connectionString: string): pg.ClientConfig {
  return postgresSession(connectionString, {
    patience: STATEMENT_MILLISECONDS,
    settings: [
      ...UNHURRIED,
      // Rows are found by their keys, whatever a plan was made for that is older than they are.
      'enable_seqscan=off',
      `idle_in_transaction_session_timeout=${FROZEN_MILLISECONDS}`,
      'lock_timeout=10s',
    ],
  })
}

/** A session for long work beside the read models that serve. */
export function copySession(connectionString: string): pg.ClientConfig {
  return postgresSession(connectionString, {
    settings: [
      ...UNHURRIED,
      // It reads the log over other connections in the middle of its transaction.
      'idle_in_transaction_session_timeout=0',
      'maintenance_work_mem=128MB',
      'work_mem=32MB',
      // Copies are compared in the order of their keys, which is about how they lie: hashed, they cost several times as much.
      'enable_hashjoin=off',
      // More processes at once would not be done sooner beside a site that is read, and who reads would wait for them.
      'max_parallel_maintenance_workers=0',
      'max_parallel_workers_per_gather=0',
    ],
  })
}
