import type pg from 'pg'
import { BackgroundLoop } from '#jobs/background_loop'
import type { WorkerPorts } from './ports.ts'

const PAGE = 5_000
const PAUSE_MILLISECONDS = 60_000
const DAY_MILLISECONDS = 24 * 60 * 60 * 1000

/** Takes entries out of the audit log once they are older than the site keeps them. The event log keeps all. */
export class AuditRetention {
  readonly #pool: pg.Pool
  readonly #loop: BackgroundLoop

  constructor(ports: Pick<WorkerPorts, 'pool'>, warn: (message: string, error: unknown) => void) {
    this.#pool = ports.pool
    this.#loop = new BackgroundLoop({
      step: () => this.sweep(),
      pauseMs: PAUSE_MILLISECONDS,
      failed: (error) => warn('The audit retention waits for the database', error),
    })
  }

  start(): void {
    this.#loop.start()
  }

  async stop(): Promise<void> {
    await this.#loop.stop()
  }

  /** Removes one page of entries; true when there may be more. */
  async sweep(): Promise<boolean> {
    const keptSince = await auditKeptSince(this.#pool, new Date())
    if (keptSince === null) {
      return false
    }
    const { rowCount } = await this.#pool.query({
      name: 'sweep_audit_logs',
      text: `delete from read.audit_logs where id in (
               select id from read.audit_logs where created_at < $1 order by created_at limit $2)`,
      values: [keptSince, PAGE],
    })
    return rowCount === PAGE
  }
}

/** The moment since which entries are kept, by the setting `audit_log_retention_days`; `null` when all are. */
export async function auditKeptSince(
  pool: Pick<pg.Pool, 'query'>,
  now: Date
): Promise<Date | null> {
  const { rows } = await pool.query<{ days: unknown }>(
    `select settings -> 'audit_log_retention_days' as days from read.site_settings`
  )
  const days = rows[0]?.days
  return typeof days === 'number' && days > 0
    ? new Date(now.getTime() - days * DAY_MILLISECONDS)
    : null
}
