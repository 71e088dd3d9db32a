import { defineConfig } from '@adonisjs/core/http'
import env from '#start/env'
import { clientAddress, parseTrustedProxies } from '#http/client_address'
import { refuseBadUrl } from '#http/node_server'

const SECOND = 1_000
const MINUTE = 60 * SECOND

/** The site's address as the environment names it, without a trailing slash; `null` when it does not. */
export const configuredUrl = env.get('APP_URL')?.replace(/\/+$/, '') ?? null

/** The site's address where there is no request to learn it from. */
export const appUrl = configuredUrl ?? `http://localhost:${env.get('PORT')}`

export const http = defineConfig({
  useAsyncLocalStorage: false,
  generateRequestId: false,
  /** `X-Forwarded-*` is believed of these alone; otherwise the address of a client is that of its socket. */
  trustProxy: parseTrustedProxies(env.get('TRUSTED_PROXIES', '')),
  getIp: clientAddress,
  onBadUrl: refuseBadUrl,
  qs: {
    parse: {
      depth: 2,
      parameterLimit: 100,
      allowSparse: false,
      arrayLimit: 20,
      comma: false,
    },
    stringify: {
      encode: true,
      encodeValuesOnly: false,
      arrayFormat: 'indices',
      skipNulls: false,
    },
  },
  headersTimeout: 30 * SECOND,
  /** A 50 MB upload over half a megabit a second takes a quarter of an hour. */
  requestTimeout: 20 * MINUTE,
  /** A socket on which nothing moves for so long is gone. */
  timeout: 2 * MINUTE,
  /** Longer than the minute that proxies commonly keep their connections. */
  keepAliveTimeout: 65 * SECOND,
})
