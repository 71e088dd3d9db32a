/** A server that the site needs, and the variable that says where it is. */
interface Place {
  name: string
  variable: string
}

const PLACES: Place[] = [
  { name: 'PostgreSQL', variable: 'DATABASE_URL' },
  { name: 'Redis', variable: 'REDIS_URL' },
  { name: 'EventStoreDB', variable: 'EVENTSTORE_URL' },
]

/** The system calls that reach out for a server. */
const REACHING = new Set(['connect', 'getaddrinfo'])

/** What a driver says of an attempt to reach a server: a port where it got as far, else a name. */
interface Attempt {
  code: string
  host: string
  port: number | null
}

/** PostgreSQL is being stopped, or started: SQLSTATE, its manual's appendix A. */
const GOING_AWAY = /^57P0[123]$/
/** What node-postgres says of a server that was killed. */
const GONE = 'Connection terminated unexpectedly'
/** What the system says of any server that went away, to whoever is writing to it or reading then. */
const BROKEN = new Set(['EPIPE', 'ECONNRESET'])

/**
 * One sentence for whoever ran a command, when what it failed with says that a server could not be reached, or that one
 * went away in the middle; else `null`. `environment` has the addresses.
 */
export function describeUnreachable(error: unknown, environment: NodeJS.ProcessEnv): string | null {
  const attempt = attemptIn(error)
  if (attempt === null) {
    const gone = hasPostgresGone(error) ? 'PostgreSQL' : isBroken(error) ? 'A server' : null
    return gone && `${gone} went away in the middle: run the command again when it is back`
  }
  const { code, host, port } = attempt
  const at = port === null ? host : `${host}:${port}`
  const place = PLACES.find(({ variable }) => isAt(environment[variable], attempt))
  return place === undefined
    ? `Nothing answers at ${at} (${code})`
    : `${place.name} cannot be reached at ${at} (${code}), where ${place.variable} points: is the site running?`
}

/** The attempt that an error is about, itself or by what caused it; of several addresses of a name the first. */
function attemptIn(error: unknown): Attempt | null {
  if (!(error instanceof Error)) {
    return null
  }
  if ('syscall' in error && 'code' in error && REACHING.has(String(error.syscall))) {
    const host = 'address' in error ? error.address : 'hostname' in error ? error.hostname : ''
    const port = 'port' in error && typeof error.port === 'number' ? error.port : null
    return { code: String(error.code), host: String(host), port }
  }
  return attemptIn(error instanceof AggregateError ? error.errors[0] : error.cause)
}

function hasPostgresGone(error: unknown): boolean {
  if (!(error instanceof Error)) {
    return false
  }
  const code = 'code' in error ? String(error.code) : ''
  return GOING_AWAY.test(code) || error.message === GONE || hasPostgresGone(error.cause)
}

/** Itself: whoever wraps such an error, for storage say, tells which server it was. */
function isBroken(error: unknown): boolean {
  return error instanceof Error && 'code' in error && BROKEN.has(String(error.code))
}

function isAt(url: string | undefined, { host, port }: Attempt): boolean {
  if (url === undefined || !URL.canParse(url)) {
    return false
  }
  const place = new URL(url)
  return port === null
    ? place.hostname === host
    : Number(place.port || DEFAULT_PORTS[place.protocol]) === port
}

const DEFAULT_PORTS: Partial<Record<string, number>> = {
  'postgres:': 5432,
  'postgresql:': 5432,
  'redis:': 6379,
  'rediss:': 6379,
  'esdb:': 2113,
}
