import type pg from 'pg'
import { hashToken, looksLikeDeletionSecret } from './secret_tokens.ts'

/** Secrets that delete one image each, without a login; stored as hashes. */
export class DeletionLinks {
  readonly #pool: pg.Pool

  constructor(pool: pg.Pool) {
    this.#pool = pool
  }

  async put(secret: string, imageId: number): Promise<void> {
    await this.#pool.query(
      'insert into secrets.deletion_links (secret_hash, image_id) values ($1, $2)',
      [hashToken(secret), imageId]
    )
  }

  /** The image that the secret deletes, or `null`. */
  async find(secret: string): Promise<number | null> {
    if (!looksLikeDeletionSecret(secret)) {
      return null
    }
    const { rows } = await this.#pool.query<{ image_id: string }>(
      'select image_id from secrets.deletion_links where secret_hash = $1',
      [hashToken(secret)]
    )
    return rows[0] === undefined ? null : Number(rows[0].image_id)
  }

  /** Ends all secrets of an image. */
  async remove(imageId: number): Promise<void> {
    await this.#pool.query('delete from secrets.deletion_links where image_id = $1', [imageId])
  }
}
