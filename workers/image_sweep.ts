import { DueSweep, restorableSince, type Warn } from './due_sweep.ts'
import type { WorkerPorts } from './ports.ts'

type SweepPorts = Pick<WorkerPorts, 'pool' | 'handlers'>

/** Expires images past their time, so that they go even when their job was lost. */
export function expirySweep({ pool, handlers }: SweepPorts, warn: Warn): DueSweep {
  return new DueSweep(
    'expiry',
    {
      async due(limit) {
        const { rows } = await pool.query<{ image_id: string }>({
          name: 'images_past_their_time',
          text: `select image_id from read.images where expires_at <= now() and deleted_at is null
                 order by expires_at limit $1`,
          values: [limit],
        })
        return rows.map(({ image_id: id }) => Number(id))
      },
      end: (imageId, context) =>
        handlers.image.expireImage({ imageId, now: new Date().toISOString() }, context),
    },
    warn
  )
}

/**
 * Those whose account has come or gone and whose images have not followed yet. While the relay is behind the read model
 * of deleted accounts, it is not known who they are.
 */
const FOLLOWING = `
  select (payload->>'account_id')::bigint as account_id from run.job_ledger
  where queue = 'accounts' and state = 'owed'
  union all select (payload->>'account_id')::bigint from run.job_ledger
  where queue = 'accounts' and state = 'dispatched'
  union all select (payload->>'account_id')::bigint from run.job_ledger
  where queue = 'accounts' and state = 'dead'`

/**
 * Purges deleted images once they can no longer be restored. Those of a deleted account wait, for it may come back; those
 * of one that came back wait until they were brought back, too.
 */
export function purgeSweep({ pool, handlers }: SweepPorts, warn: Warn): DueSweep {
  return new DueSweep(
    'purge',
    {
      async due(limit) {
        const { rows } = await pool.query<{ image_id: string }>({
          name: 'images_deleted_for_good',
          text: `with following as (${FOLLOWING})
                 select image_id from read.images i where deleted_at <= $1
                   and not exists (
                     select 1 from read.deleted_accounts d where d.account_id = i.owner_id)
                   and not exists (select 1 from following f where f.account_id = i.owner_id)
                   and (select position from run.relay_checkpoint) >= (
                     select position from run.checkpoints
                     where projection = 'deleted_accounts' and slot = 'live')
                 order by deleted_at, image_id limit $2`,
          values: [await restorableSince(pool, 'deleted_image_retention'), limit],
        })
        return rows.map(({ image_id: id }) => Number(id))
      },
      end: (imageId, context) => handlers.image.purgeImage({ imageId }, context),
    },
    warn
  )
}
