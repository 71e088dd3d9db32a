import { DueSweep, restorableSince, type Warn } from './due_sweep.ts'
import type { WorkerPorts } from './ports.ts'

/** Forgets the people of deleted accounts once these can no longer be restored. */
export function forgettingSweep(
  { pool, handlers }: Pick<WorkerPorts, 'pool' | 'handlers'>,
  warn: Warn
): DueSweep {
  return new DueSweep(
    'forgetting',
    {
      async due(limit) {
        const { rows } = await pool.query<{ account_id: string }>({
          name: 'accounts_deleted_for_good',
          text: `select account_id from read.deleted_accounts where deleted_at <= $1
                 order by deleted_at, account_id limit $2`,
          values: [await restorableSince(pool, 'deleted_account_retention'), limit],
        })
        return rows.map(({ account_id: id }) => Number(id))
      },
      end: (accountId, context) => handlers.account.forgetAccount({ accountId }, context),
    },
    warn
  )
}
