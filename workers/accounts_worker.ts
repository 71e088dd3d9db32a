import { CLOSED_ACCOUNT_BYTES } from '#domain/guards'
import { streams } from '#domain/streams'
import type { RecordedEvent } from '#event_store/port'
import type { Assignment } from '#jobs/queues'
import type { Processor } from '#jobs/worker_runtime'
import { AccountForgetting } from './account_forgetting.ts'
import { actOnAll, type Belongings } from './belongings.ts'
import { accountIdOf } from './payload.ts'
import type { WorkerPorts } from './ports.ts'
import { untilReadModelShows } from '#projections/read_model_wait'

/** What an account's going or coming back is told by. */
const DEPARTURES = ['account.deleted', 'account.restored', 'account.forgotten'] as const
const AS_ADMIN = { requesterId: null, isAdmin: true }

/**
 * Brings what an account owns in line with whether the account is there: the images of a deleted one go to the trash,
 * come back when it does, and go for good, with all else, once its person is forgotten.
 *
 * It goes by what the account's stream says last, and looks again afterwards: of two jobs at the same time, for a
 * deletion and for its undoing, the one that ends last leaves what holds.
 */
export class AccountsWorker implements Processor {
  readonly queue = 'accounts'
  readonly #ports: WorkerPorts
  readonly #forgetting: AccountForgetting

  constructor(ports: WorkerPorts) {
    this.#ports = ports
    this.#forgetting = new AccountForgetting(ports)
  }

  async process(assignments: readonly Assignment[]): Promise<void> {
    for (const assignment of assignments) {
      await this.#settle(assignment)
    }
  }

  async #settle(assignment: Assignment): Promise<void> {
    const accountId = accountIdOf(assignment.payload)
    let settled = 0
    for (;;) {
      const departures = await this.#ports.eventStore.readStream(streams.account(accountId), {
        types: DEPARTURES,
      })
      const last = departures.at(-1)
      if (last === undefined || last.position === settled) {
        return
      }
      settled = last.position
      const written = await this.#follow(departures, last, accountId, assignment)
      await untilReadModelShows(this.#ports.pool, 'images', written)
    }
  }

  /** Answers the last position that was written. */
  async #follow(
    departures: readonly RecordedEvent[],
    { type, position }: RecordedEvent,
    accountId: number,
    assignment: Assignment
  ): Promise<number> {
    const { pool } = this.#ports
    await untilReadModelShows(pool, 'images', position)
    switch (type) {
      case 'account.deleted':
        return actOnAll(pool, this.#trashing(), accountId, assignment)
      case 'account.restored': {
        const deletion = departures.findLast((event) => event.type === 'account.deleted')
        const restoring = this.#restoring(deletion?.recordedAt ?? '')
        return actOnAll(pool, restoring, accountId, assignment)
      }
      default:
        return this.#forgetting.carryOut(accountId, position, assignment)
    }
  }

  #trashing(): Belongings {
    const { image } = this.#ports.handlers
    return {
      readModel: 'images',
      key: 'image_id',
      owner: 'owner_id',
      where: 'deleted_at is null',
      deed: 'trash',
      act: (imageId, context) => image.deleteImage({ imageId, ...AS_ADMIN }, context),
    }
  }

  /** What its owner had put into the trash before stays there. */
  #restoring(since: string): Belongings {
    const { image } = this.#ports.handlers
    return {
      readModel: 'images',
      key: 'image_id',
      owner: 'owner_id',
      where: 'deleted_at >= $4',
      since,
      deed: 'restore',
      act: (imageId, context) =>
        image.restoreImage(
          {
            imageId,
            ...AS_ADMIN,
            now: new Date().toISOString(),
            // They fitted before; only an account that is closed again takes none.
            capacityBytes: CLOSED_ACCOUNT_BYTES - 1,
          },
          context
        ),
    }
  }
}
