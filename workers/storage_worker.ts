import type { ImageEvent } from '#domain/image/events'
import { evolveImage, type Image } from '#domain/image/state'
import { streams } from '#domain/streams'
import { loadState } from '#handlers/load_state'
import { jobContext } from '#jobs/job_context'
import type { Assignment } from '#jobs/queues'
import type { Processor } from '#jobs/worker_runtime'
import { thumbnailKey } from '#storage/object_key'
import { removalOf } from './payload.ts'
import type { WorkerPorts } from './ports.ts'
import { strategyOf } from './strategy_settings.ts'

type StoragePorts = Pick<
  WorkerPorts,
  'pool' | 'eventStore' | 'handlers' | 'objectStores' | 'variantFiles'
>

/**
 * Deletes the bytes of images that cannot come back. The log decides first: the removal is recorded only while no other
 * image refers to the object, and from then on none can, so that an upload of the same bytes never meets a deletion.
 */
export class StorageWorker implements Processor {
  readonly queue = 'storage'
  readonly #ports: StoragePorts

  constructor(ports: StoragePorts) {
    this.#ports = ports
  }

  async process(assignments: readonly Assignment[]): Promise<void> {
    for (const assignment of assignments) {
      await this.#remove(assignment)
    }
  }

  async #remove(assignment: Assignment): Promise<void> {
    const { eventStore, handlers, objectStores, pool, variantFiles } = this.#ports
    const { imageId, object } = removalOf(assignment.payload)
    const image = await loadState<Image>(
      eventStore,
      streams.image(imageId),
      (state, event: ImageEvent) => evolveImage(state, event)
    )
    if (image === null) {
      return
    }
    const { md5, sha256 } = image
    const { strategyId, objectKey } = object ?? image
    const mayGo = await handlers.storedObject.removeObject(
      { imageId, strategyId, objectKey, sha256 },
      jobContext(assignment, 'removed')
    )
    if (!mayGo) {
      return
    }
    const store = objectStores.get(await strategyOf(pool, strategyId))
    await store.delete(objectKey)
    await variantFiles.removeAll(sha256)
    if (!(await this.#hasTwin(imageId, strategyId, md5))) {
      await store.delete(thumbnailKey(md5))
    }
  }

  /** Whether another image shows the same thumbnail; one that comes a moment later has it made anew. */
  async #hasTwin(imageId: number, strategyId: number, md5: string): Promise<boolean> {
    const { rowCount } = await this.#ports.pool.query({
      name: 'thumbnail_twin',
      text: `select 1 from read.images
             where md5 = $1 and strategy_id = $2 and image_id <> $3 limit 1`,
      values: [md5, strategyId, imageId],
    })
    return rowCount === 1
  }
}
