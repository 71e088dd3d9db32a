import { jobContext } from '#jobs/job_context'
import type { Assignment } from '#jobs/queues'
import type { Processor } from '#jobs/worker_runtime'
import { accountIdOf } from './payload.ts'
import type { WorkerPorts } from './ports.ts'
import { untilReadModelShows } from '#projections/read_model_wait'

type SharesPorts = Pick<WorkerPorts, 'pool' | 'handlers'>

/** Ends the links by which a frozen account's images are shared, an image at a time. */
export class SharesWorker implements Processor {
  readonly queue = 'shares'
  readonly #ports: SharesPorts

  constructor(ports: SharesPorts) {
    this.#ports = ports
  }

  async process(assignments: readonly Assignment[]): Promise<void> {
    for (const assignment of assignments) {
      await untilReadModelShows(this.#ports.pool, 'shares', assignment.eventPosition)
      for (const imageId of await this.#sharedImagesOf(accountIdOf(assignment.payload))) {
        await this.#ports.handlers.share.revokeShares(
          { imageId, reason: 'owner_frozen' },
          jobContext(assignment, `image ${imageId}`)
        )
      }
    }
  }

  async #sharedImagesOf(accountId: number): Promise<number[]> {
    const { rows } = await this.#ports.pool.query<{ image_id: string }>({
      name: 'shared images of an account',
      text: 'select distinct image_id from read.shares where owner_id = $1 order by image_id',
      values: [accountId],
    })
    return rows.map(({ image_id: imageId }) => Number(imageId))
  }
}
