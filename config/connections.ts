import env from '#start/env'
import type { DrainingServerOptions } from '#http/node_server'
import { DRAIN_SECONDS } from '#supervisor/web_process'
import { parseTrustedProxies } from '#http/client_address'
import { reachableAddresses } from '#remote/reachable_addresses'

const isProxy = parseTrustedProxies(env.get('TRUSTED_PROXIES', ''))
const isPublic = reachableAddresses()

const connections: DrainingServerOptions = {
  slowSeconds: env.get('SLOW_CLIENT_SECONDS') ?? 30,
  drainSeconds: env.get('DRAIN_SECONDS') ?? DRAIN_SECONDS,
  connections: {
    most: env.get('CONNECTIONS_PER_ADDRESS') ?? 256,
    // Behind an address that is not public there may be a container's gateway, with everybody behind it.
    isShared: (address) => isProxy(address) || !isPublic(address.replace(/^::ffff:(?=\d)/i, '')),
  },
}

/** What a client may take of a web server without giving anything. */
export default connections
