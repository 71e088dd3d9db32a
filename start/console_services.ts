import env from '#start/env'
import { createServices, installServices, type Services, type ServicesConfig } from './services.ts'

/** The configuration that the environment names. */
export function servicesConfig(): ServicesConfig {
  return {
    databaseUrl: env.get('DATABASE_URL'),
    redisUrl: env.get('REDIS_URL'),
    eventStoreUrl: env.get('EVENTSTORE_URL'),
    appKey: env.get('APP_KEY'),
    dataDir: env.get('DATA_DIR'),
  }
}

/** Of a process that serves for ever: its queries are bounded, so that a database that fell silent cannot hold it. */
export const SERVING = { queryPatience: 60_000 }

/** Runs a command's work with the services, and closes them afterwards. */
export async function withServices<Result>(
  work: (services: Services) => Promise<Result>,
  options: Pick<ServicesConfig, 'queryPatience'> = {}
): Promise<Result> {
  const services = createServices({ ...servicesConfig(), ...options })
  installServices(services)
  try {
    return await work(services)
  } finally {
    await services.close()
  }
}
