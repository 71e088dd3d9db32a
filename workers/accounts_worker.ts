import { DomainError } from '#domain/domain_error'
import { jobContext } from '#jobs/job_context'
import type { CommandContext } from '#handlers/command_context'
import type { Assignment } from '#jobs/queues'
import type { Processor } from '#jobs/worker_runtime'
import { accountIdOf } from './payload.ts'
import type { WorkerPorts } from './ports.ts'
import { untilReadModelShows } from './read_model_wait.ts'

const PAGE = 200

type AccountsPorts = Pick<WorkerPorts, 'pool' | 'handlers'>

/** A table of what accounts own, and how one row of it is ended. */
interface Belongings {
  readModel: 'images' | 'albums' | 'api_tokens'
  key: string
  owner: string
  end(id: number, accountId: number, context: CommandContext): Promise<unknown>
}

/** Clears away what a deleted account leaves behind: images, albums and API tokens, each by its own command. */
export class AccountsWorker implements Processor {
  readonly queue = 'accounts'
  readonly #ports: AccountsPorts
  readonly #belongings: readonly Belongings[]

  constructor(ports: AccountsPorts) {
    this.#ports = ports
    const { image, album, apiToken } = ports.handlers
    const asAdmin = { requesterId: null, isAdmin: true }
    this.#belongings = [
      {
        readModel: 'api_tokens',
        key: 'token_id',
        owner: 'account_id',
        end: (tokenId, accountId, context) =>
          apiToken.revokeApiToken({ tokenId, accountId }, context),
      },
      {
        readModel: 'images',
        key: 'image_id',
        owner: 'owner_id',
        end: (imageId, _accountId, context) => image.deleteImage({ imageId, ...asAdmin }, context),
      },
      {
        readModel: 'albums',
        key: 'album_id',
        owner: 'owner_id',
        end: (albumId, _accountId, context) => album.deleteAlbum({ albumId, ...asAdmin }, context),
      },
    ]
  }

  async process(assignments: readonly Assignment[]): Promise<void> {
    for (const assignment of assignments) {
      for (const belongings of this.#belongings) {
        await untilReadModelShows(this.#ports.pool, belongings.readModel, assignment.eventPosition)
        await this.#endAll(belongings, assignment)
      }
    }
  }

  async #endAll({ readModel, key, owner, end }: Belongings, assignment: Assignment) {
    const accountId = accountIdOf(assignment.payload)
    for (let last = 0; ;) {
      const { rows } = await this.#ports.pool.query<{ id: string }>({
        name: `belongings ${readModel}`,
        text: `select ${key} as id from read.${readModel}
               where ${owner} = $1 and ${key} > $2 order by ${key} limit $3`,
        values: [accountId, last, PAGE],
      })
      await Promise.all(
        rows.map(({ id }) =>
          end(Number(id), accountId, jobContext(assignment, `${readModel} ${id}`)).catch(ignoreGone)
        )
      )
      last = Number(rows.at(-1)?.id ?? 0)
      if (rows.length < PAGE) {
        return
      }
    }
  }
}

/** What is gone already needs no end. */
function ignoreGone(error: unknown): void {
  if (!(error instanceof DomainError)) {
    throw error
  }
}
