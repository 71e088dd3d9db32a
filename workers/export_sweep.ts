import { DueSweep, type Warn } from './due_sweep.ts'
import type { WorkerPorts } from './ports.ts'

/** Withdraws archives that are past their time. */
export function exportSweep(
  { pool, handlers }: Pick<WorkerPorts, 'pool' | 'handlers'>,
  warn: Warn
): DueSweep {
  return new DueSweep(
    'export',
    {
      async due(limit) {
        const { rows } = await pool.query<{ account_id: string }>({
          name: 'exports_past_their_time',
          text: `select account_id from read.exports where expires_at <= now()
                 order by expires_at limit $1`,
          values: [limit],
        })
        return rows.map(({ account_id: id }) => Number(id))
      },
      end: (accountId, context) =>
        handlers.account.expireExport({ accountId, now: new Date().toISOString() }, context),
    },
    warn
  )
}
