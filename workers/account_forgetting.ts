import type pg from 'pg'
import { accountSubject } from '#event_store/personal_data'
import type { Assignment } from '#jobs/queues'
import { dropCopiesBefore } from '#projections/kept_copies'
import { renewStatistics } from '#projections/planner_statistics'
import { actOnAll, type Belongings } from './belongings.ts'
import type { WorkerPorts } from './ports.ts'
import { untilReadModelShows } from '#projections/read_model_wait'

type ForgettingPorts = Pick<WorkerPorts, 'pool' | 'handlers' | 'keyRing' | 'databaseUrl'>

/** The read models that hold what a person wrote, and by which column it is theirs. */
const PERSONAL_ROWS = {
  accounts: 'account_id',
  deleted_accounts: 'account_id',
  images: 'owner_id',
  albums: 'owner_id',
  api_tokens: 'account_id',
  exports: 'account_id',
} as const

/** Secrets beside the log that are an account's. */
const SECRETS = ['credentials', 'mailed_tokens', 'refresh_tokens', 'api_tokens']

/**
 * Carries out that a person is forgotten: all they own is ended by its own command, and once no row of theirs is left
 * their key is erased, which makes unreadable what the log holds of them. The key goes last: until then another run
 * can take up where one broke off, and read models fold to the same rows with or without it.
 */
export class AccountForgetting {
  readonly #ports: ForgettingPorts
  readonly #belongings: readonly Belongings[]

  constructor(ports: ForgettingPorts) {
    this.#ports = ports
    const { image, album } = ports.handlers
    const asAdmin = { requesterId: null, isAdmin: true }
    const images = { readModel: 'images', key: 'image_id', owner: 'owner_id' } as const
    this.#belongings = [
      {
        ...images,
        where: 'deleted_at is null',
        deed: 'trash',
        act: (imageId, context) => image.deleteImage({ imageId, ...asAdmin }, context),
      },
      {
        ...images,
        deed: 'purge',
        act: (imageId, context) => image.purgeImage({ imageId }, context),
      },
      {
        readModel: 'albums',
        key: 'album_id',
        owner: 'owner_id',
        deed: 'delete',
        act: (albumId, context) => album.deleteAlbum({ albumId, ...asAdmin }, context),
      },
    ]
  }

  /**
   * `position` is where the log says that the person is to be forgotten. Answers the last position that was written.
   *
   * @throws Error when a row of theirs stays, as when a read model has parked its event; the key is kept then
   */
  async carryOut(accountId: number, position: number, assignment: Assignment): Promise<number> {
    const { pool, keyRing, databaseUrl } = this.#ports
    let written = position
    for (const belongings of [...this.#belongings, this.#tokens(accountId)]) {
      await untilReadModelShows(pool, belongings.readModel, written)
      written = Math.max(written, await actOnAll(pool, belongings, accountId, assignment))
    }
    await requireNoRows(pool, accountId, written)
    for (const table of SECRETS) {
      await pool.query(`delete from secrets.${table} where account_id = $1`, [accountId])
    }
    await dropCopiesBefore(databaseUrl, written)
    await renewStatistics(databaseUrl)
    await keyRing.erase(accountSubject(accountId))
    return written
  }

  #tokens(accountId: number): Belongings {
    const { apiToken } = this.#ports.handlers
    return {
      readModel: 'api_tokens',
      key: 'token_id',
      owner: 'account_id',
      deed: 'revoke',
      act: (tokenId, context) => apiToken.revokeApiToken({ tokenId, accountId }, context),
    }
  }
}

async function requireNoRows(pool: pg.Pool, accountId: number, position: number): Promise<void> {
  for (const [readModel, owner] of Object.entries(PERSONAL_ROWS)) {
    await untilReadModelShows(pool, readModel, position)
    const { rowCount } = await pool.query(
      `select 1 from read.${readModel} where ${owner} = $1 limit 1`,
      [accountId]
    )
    if (rowCount !== 0) {
      throw new Error(`"${readModel}" still has rows of an account that is to be forgotten`)
    }
  }
}
