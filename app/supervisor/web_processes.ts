const MOST_BY_DEFAULT = 4

/**
 * How many web processes a machine with so many cores runs when nobody says: PostgreSQL, the projector and the workers
 * have use for a core as well.
 */
export function defaultWebProcesses(cores: number): number {
  return Math.min(Math.max(cores - 1, 1), MOST_BY_DEFAULT)
}

const ARGUMENT = '--web-processes='

/** Tells a web process how many there are of its kind; they then share a port and what one of them has for all. */
export function webProcessesArgument(processes: number): string {
  return `${ARGUMENT}${processes}`
}

/** How many web processes share this one's port, itself included. */
export function readWebProcesses(args: readonly string[]): number {
  const given = args.find((arg) => arg.startsWith(ARGUMENT))?.slice(ARGUMENT.length)
  return Math.max(1, Number(given ?? 1))
}
