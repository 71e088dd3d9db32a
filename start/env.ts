import { resolve } from 'node:path'
import { Env } from '@adonisjs/core/env'
import { parseTrustedProxies } from '#http/client_address'
import {
  adminEmail,
  adminName,
  adminPassword,
  eventStoreUrl,
  given,
  mailSender,
  together,
} from './env_rules.ts'

const APP_ROOT = new URL('../', import.meta.url)

/** What holds when a variable is not set. */
const DEFAULTS = { NODE_ENV: 'production', HOST: '0.0.0.0', PORT: '3333', DATA_DIR: 'data' }

for (const [name, value] of Object.entries(DEFAULTS)) {
  process.env[name] ||= value
}

function checkUrl(name: string, value: string, protocols: string[]): string {
  const parsed = URL.canParse(value) ? new URL(value) : null
  if (parsed === null || !protocols.includes(parsed.protocol)) {
    const forms = protocols.map((protocol) => `${protocol}//…`).join(' or ')
    throw new Error(`${name} must be a URL of the form ${forms}`)
  }
  return value
}

function url(protocols: string[]) {
  return (name: string, value?: string): string => {
    if (!value) {
      throw new Error(`Missing environment variable "${name}"`)
    }
    return checkUrl(name, value, protocols)
  }
}

function optionalUrl(protocols: string[]) {
  return (name: string, value?: string): string | undefined =>
    value ? checkUrl(name, value, protocols) : undefined
}

function port(name: string, value?: string): number {
  const number = Number(value)
  if (!Number.isInteger(number) || number < 0 || number > 65_535) {
    throw new Error(`${name} must be a port from 0 to 65535`)
  }
  return number
}

function siteKey(name: string, value?: string): string {
  if (value === undefined || value.length < 32) {
    throw new Error(`${name} must be a secret of at least 32 characters`)
  }
  return value
}

function trustedProxies(name: string, value?: string): string | undefined {
  try {
    parseTrustedProxies(value ?? '')
  } catch (error) {
    throw new Error(`${name}: ${error instanceof Error ? error.message : String(error)}`)
  }
  return value || undefined
}

function optionalCount(name: string, value?: string): number | undefined {
  if (value && !/^[1-9]\d{0,8}$/.test(value)) {
    throw new Error(`${name} must be a whole number from 1`)
  }
  return value ? Number(value) : undefined
}

/** More than this would need more of PostgreSQL's connections than it has. */
const MOST_WEB_PROCESSES = 64

function webProcesses(name: string, value?: string): number | undefined {
  const number = optionalCount(name, value)
  if (number !== undefined && number > MOST_WEB_PROCESSES) {
    throw new Error(`${name} must be a whole number from 1 to ${MOST_WEB_PROCESSES}`)
  }
  return number
}

/** The checked environment: a value that is missing or malformed ends the process with a sentence that names it. */
export default await Env.create(APP_ROOT, {
  NODE_ENV: Env.schema.enum(['development', 'production', 'test'] as const),
  HOST: Env.schema.string(),
  PORT: port,
  DATA_DIR: (_name: string, value?: string) => resolve(value ?? DEFAULTS.DATA_DIR),
  APP_KEY: siteKey,
  APP_URL: optionalUrl(['http:', 'https:']),
  DATABASE_URL: url(['postgres:', 'postgresql:']),
  EVENTSTORE_URL: eventStoreUrl,
  REDIS_URL: url(['redis:', 'rediss:']),
  LOG_LEVEL: Env.schema.enum.optional([
    'fatal',
    'error',
    'warn',
    'info',
    'debug',
    'trace',
    'silent',
  ] as const),
  FETCHABLE_NETWORKS: Env.schema.string.optional(),
  METRICS_TOKEN: Env.schema.string.optional(),
  TRUSTED_PROXIES: trustedProxies,
  SENDFILE: Env.schema.enum.optional(['off', 'x-accel-redirect', 'x-sendfile'] as const),
  WEB_PROCESSES: webProcesses,
  VARIANT_CACHE_MB: optionalCount,
  VARIANTS_PER_IMAGE: optionalCount,
  VARIANT_QUEUE: optionalCount,
  SLOW_CLIENT_SECONDS: optionalCount,
  DRAIN_SECONDS: optionalCount,
  CONNECTIONS_PER_ADDRESS: optionalCount,
  RATE_LIMITS: Env.schema.enum.optional(['on', 'off'] as const),
  API_RATE_LIMIT: optionalCount,
  SMTP_HOST: given,
  SMTP_PORT: (name: string, value?: string) => port(name, value || '587'),
  SMTP_TLS: Env.schema.enum.optional(['implicit', 'required', 'optional'] as const),
  SMTP_USERNAME: together('SMTP_PASSWORD'),
  SMTP_PASSWORD: together('SMTP_USERNAME'),
  MAIL_FROM: mailSender,
  ADMIN_EMAIL: adminEmail,
  ADMIN_PASSWORD: adminPassword,
  ADMIN_NAME: adminName,
})
