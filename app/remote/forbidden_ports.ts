/** Of the ports that belong to the system, those of the web. */
const WEB_PORTS = new Set(['', '80', '443'])
const FIRST_FREE_PORT = 1024

/** Higher ports at which another protocol could be made to listen to HTTP: those that browsers refuse, and databases. */
const OTHER_PROTOCOLS = new Set([
  1719, 1720, 1723, 2049, 3306, 3659, 4045, 4190, 5060, 5061, 5432, 6000, 6379, 6566, 6665, 6666,
  6667, 6668, 6669, 6679, 6697, 9200, 10080, 11211, 27017,
])

/** Whether a port, as an address names it, is none that images are fetched from. */
export function isForbiddenPort(port: string): boolean {
  return (
    !WEB_PORTS.has(port) && (Number(port) < FIRST_FREE_PORT || OTHER_PROTOCOLS.has(Number(port)))
  )
}
