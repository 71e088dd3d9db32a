import type { ImageEvent } from '#domain/image/events'
import { hasThumbnail } from '#domain/image/decide'
import { evolveImage, type Image } from '#domain/image/state'
import { streams } from '#domain/streams'
import { ImagingBusyError, ImagingError } from '#imaging/errors'
import type { Workshop } from '#imaging/workshop/workshop'
import { jobContext } from '#jobs/job_context'
import type { Assignment } from '#jobs/queues'
import type { Processor } from '#jobs/worker_runtime'
import { storeThumbnail, type StoredThumbnail } from '#storage/thumbnails'
import { imageIdOf } from './payload.ts'
import type { WorkerPorts } from './ports.ts'
import { strategyOf } from './strategy_settings.ts'

/** What thumbnails are made with. */
export type ThumbnailsPorts = Pick<
  WorkerPorts,
  'pool' | 'eventStore' | 'handlers' | 'objectStores'
> & { workshop: Pick<Workshop, 'run'> }

/** Makes the thumbnail of an uploaded image, and records that it is there or cannot be. */
export class ThumbnailsWorker implements Processor {
  readonly queue = 'thumbnails'
  readonly #ports: ThumbnailsPorts

  constructor(ports: ThumbnailsPorts) {
    this.#ports = ports
  }

  async process(assignments: readonly Assignment[]): Promise<void> {
    for (const assignment of assignments) {
      await this.#make(assignment)
    }
  }

  async giveUp(work: Assignment): Promise<void> {
    await this.#fail(work, 'The thumbnail could not be made')
  }

  async #make(assignment: Assignment): Promise<void> {
    const image = await this.#load(imageIdOf(assignment.payload))
    if (image === null || image.gone || hasThumbnail(image)) {
      return
    }
    try {
      const thumbnail = await this.#store(image)
      await this.#ports.handlers.image.recordThumbnail(
        { imageId: image.imageId, ...thumbnail },
        jobContext(assignment, 'made')
      )
      await this.#follow(image)
    } catch (error) {
      if (!(error instanceof ImagingError) || error instanceof ImagingBusyError) {
        throw error
      }
      // Another try would find the same bytes.
      await this.#fail(assignment, error.message)
    }
  }

  async #store(image: Image): Promise<StoredThumbnail> {
    const { objectStores, pool, workshop } = this.#ports
    return storeThumbnail(
      objectStores.get(await strategyOf(pool, image.strategyId)),
      image,
      workshop
    )
  }

  /** An image that was moved to another strategy meanwhile left its thumbnail behind. */
  async #follow({ imageId, strategyId }: Image): Promise<void> {
    const image = await this.#load(imageId)
    if (image !== null && !image.gone && image.strategyId !== strategyId) {
      await this.#store(image)
    }
  }

  async #fail(assignment: Assignment, reason: string): Promise<void> {
    await this.#ports.handlers.image.recordThumbnailFailure(
      { imageId: imageIdOf(assignment.payload), reason },
      jobContext(assignment, 'failed')
    )
  }

  async #load(imageId: number): Promise<Image | null> {
    const history = await this.#ports.eventStore.readStream(streams.image(imageId))
    return history.reduce<Image | null>(
      (image, event) => evolveImage(image, event as ImageEvent),
      null
    )
  }
}
