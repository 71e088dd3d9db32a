import { evolveSite } from '#domain/site/state'
import { DEFAULT_SITE_SETTINGS, type SiteSettings } from '#domain/site/settings'
import { streams } from '#domain/streams'
import { loadState } from '#handlers/load_state'
import { jobContext } from '#jobs/job_context'
import type { Assignment } from '#jobs/queues'
import type { Processor } from '#jobs/worker_runtime'
import { imageIdOf } from './payload.ts'
import type { WorkerPorts } from './ports.ts'
import { untilReadModelShows } from '#projections/read_model_wait'

const PAGE = 200
const REJECTED_BEFORE = 'The same picture was rejected before'

type ModerationPorts = Pick<WorkerPorts, 'pool' | 'eventStore' | 'handlers'>

/**
 * Decides about held images where no person has to: all of them once moderation is off; with automatic moderation those
 * whose very bytes a person has decided about before. The rest wait in the read model for an administrator.
 */
export class ModerationWorker implements Processor {
  readonly queue = 'moderation'
  readonly #ports: ModerationPorts

  constructor(ports: ModerationPorts) {
    this.#ports = ports
  }

  async process(assignments: readonly Assignment[]): Promise<void> {
    for (const assignment of assignments) {
      const mode = await this.#mode()
      if (assignment.payload['release'] !== undefined) {
        await this.#release(assignment, mode)
      } else {
        await this.#look(assignment, mode)
      }
    }
  }

  async #look(assignment: Assignment, mode: SiteSettings['moderation_mode']): Promise<void> {
    const { image } = this.#ports.handlers
    const imageId = imageIdOf(assignment.payload)
    const verdict = mode === 'auto' ? await this.#earlierVerdict(imageId, assignment) : null
    if (verdict === 'rejected') {
      await image.rejectPendingImage(
        { imageId, reason: REJECTED_BEFORE },
        jobContext(assignment, 'rejected')
      )
    } else if (mode === 'disabled' || verdict === 'approved') {
      await image.approvePendingImage({ imageId }, jobContext(assignment, 'approved'))
    }
  }

  /** Approves what waits, unless moderation was turned on again meanwhile. */
  async #release(assignment: Assignment, mode: SiteSettings['moderation_mode']): Promise<void> {
    if (mode !== 'disabled') {
      return
    }
    const { pool, handlers } = this.#ports
    await untilReadModelShows(pool, 'images', assignment.eventPosition)
    for (let last = 0; ;) {
      const { rows } = await pool.query<{ image_id: string }>({
        name: 'pending_images',
        text: `select image_id from read.images
               where moderation_status = 'pending' and image_id > $1 and deleted_at is null order by image_id limit $2`,
        values: [last, PAGE],
      })
      await Promise.all(
        rows.map(({ image_id: id }) =>
          handlers.image.approvePendingImage(
            { imageId: Number(id) },
            jobContext(assignment, `image ${id}`)
          )
        )
      )
      last = Number(rows.at(-1)?.image_id ?? 0)
      if (rows.length < PAGE) {
        return
      }
    }
  }

  /** What was decided last about an image with the same bytes. */
  async #earlierVerdict(
    imageId: number,
    assignment: Assignment
  ): Promise<'approved' | 'rejected' | null> {
    await untilReadModelShows(this.#ports.pool, 'images', assignment.eventPosition)
    const { rows } = await this.#ports.pool.query<{ moderation_status: 'approved' | 'rejected' }>({
      name: 'earlier_verdict',
      text: `select earlier.moderation_status from read.images i
             join read.images earlier
               on earlier.md5 = i.md5 and earlier.sha256 = i.sha256 and earlier.image_id <> i.image_id
             where i.image_id = $1 and earlier.was_moderated and earlier.moderation_status <> 'pending'
             order by earlier.updated_at desc, earlier.image_id desc limit 1`,
      values: [imageId],
    })
    return rows[0]?.moderation_status ?? null
  }

  /** From the log itself: a read model could be a moment behind what led here. */
  async #mode(): Promise<SiteSettings['moderation_mode']> {
    const site = await loadState(this.#ports.eventStore, streams.site(), evolveSite)
    const settings: Partial<SiteSettings> = { ...site?.settings }
    return settings.moderation_mode ?? DEFAULT_SITE_SETTINGS.moderation_mode
  }
}
