/** An idle connection is asked for a sign of life after this long; ten seconds more without one end it. */
const IDLE_MILLISECONDS = 5_000
const CONNECT_MILLISECONDS = 5_000
/** What was sent and is not acknowledged by the other machine ends the connection, on the server's side. */
const UNACKNOWLEDGED_MILLISECONDS = 5_000
/** A process that froze in the middle of a transaction loses its connection after this long, and with it the locks. */
const FROZEN_MILLISECONDS = 10_000
/** The server gives a statement up a little later than who asked. */
const GRACE_MILLISECONDS = 5_000

export interface SessionOptions {
  /** How long a statement may take, in milliseconds; without bound unless told. */
  patience?: number
  /** Settings of the session, such as `jit=off`; they come after those that hold for all. */
  settings?: readonly string[]
}

/** How node-postgres is to connect. */
export interface PostgresSession {
  connectionString: string
  connectionTimeoutMillis: number
  keepAlive: boolean
  keepAliveInitialDelayMillis: number
  query_timeout?: number
  options: string
}

/**
 * A session with PostgreSQL on a machine that may vanish without a word. Where nobody answers any more, TCP alone
 * would wait for a quarter of an hour on our side, and for hours on the server's, locks held.
 */
export function postgresSession(
  connectionString: string,
  { patience, settings = [] }: SessionOptions = {}
): PostgresSession {
  const all = [
    `tcp_user_timeout=${UNACKNOWLEDGED_MILLISECONDS}`,
    'tcp_keepalives_idle=5',
    'tcp_keepalives_interval=2',
    'tcp_keepalives_count=3',
    `idle_in_transaction_session_timeout=${FROZEN_MILLISECONDS}`,
    ...(patience === undefined ? [] : [`statement_timeout=${patience + GRACE_MILLISECONDS}`]),
    ...settings,
  ]
  return {
    connectionString,
    connectionTimeoutMillis: CONNECT_MILLISECONDS,
    keepAlive: true,
    keepAliveInitialDelayMillis: IDLE_MILLISECONDS,
    ...(patience === undefined ? {} : { query_timeout: patience }),
    options: all.map((setting) => `-c ${setting}`).join(' '),
  }
}
