import { within } from './within.ts'

export type Condition = 'ok' | 'down'

export interface HealthReport {
  status: 'ok' | 'degraded'
  database: Condition
  storage: Condition
  redis: Condition
  event_store: Condition
  timestamp: string
}

/** One check of each thing the server depends on; it rejects, or takes too long, when that thing is down. */
export interface HealthChecks {
  database(): Promise<unknown>
  storage(): Promise<unknown>
  redis(): Promise<unknown>
  eventStore(): Promise<unknown>
}

/** How long one check may take. */
export const HEALTH_PATIENCE_MILLISECONDS = 2_000

/** Runs all checks at once, each within the time allowed. */
export async function reportHealth(
  checks: HealthChecks,
  patience = HEALTH_PATIENCE_MILLISECONDS
): Promise<HealthReport> {
  const [database, storage, redis, eventStore] = await Promise.all([
    conditionOf(() => checks.database(), patience),
    conditionOf(() => checks.storage(), patience),
    conditionOf(() => checks.redis(), patience),
    conditionOf(() => checks.eventStore(), patience),
  ])
  const isWell = [database, storage, redis, eventStore].every((condition) => condition === 'ok')
  return {
    status: isWell ? 'ok' : 'degraded',
    database,
    storage,
    redis,
    event_store: eventStore,
    timestamp: new Date().toISOString(),
  }
}

/** Whether a check comes out well within the time allowed. */
export async function conditionOf(
  check: () => Promise<unknown>,
  patience = HEALTH_PATIENCE_MILLISECONDS
): Promise<Condition> {
  try {
    await within(patience, check)
    return 'ok'
  } catch {
    return 'down'
  }
}
