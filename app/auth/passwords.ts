import { randomBytes } from 'node:crypto'
import type { Hash } from '@adonisjs/core/hash'
import type pg from 'pg'

/** The part of a hasher that passwords need. */
export type PasswordHasher = Pick<Hash, 'make' | 'verify' | 'needsReHash'>

/** Checks passwords against their stored hashes, at the same cost whether or not there is one. */
export class Passwords {
  readonly #pool: pg.Pool
  readonly #hasher: PasswordHasher
  #decoy: Promise<string> | undefined

  constructor(pool: pg.Pool, hasher: PasswordHasher) {
    this.#pool = pool
    this.#hasher = hasher
  }

  hash(password: string): Promise<string> {
    return this.#hasher.make(password)
  }

  /**
   * Whether this is the account's password. For `null`, an account that does not exist, the same work is done
   * against a hash that nothing matches. A hash that was made with other parameters than today's is made anew.
   */
  async verify(accountId: number | null, password: string): Promise<boolean> {
    const { rows } = await this.#pool.query<{ password_hash: string }>({
      name: 'password_hash',
      text: 'select password_hash from secrets.credentials where account_id = $1',
      values: [accountId],
    })
    this.#decoy ??= this.#hasher.make(randomBytes(32).toString('base64url'))
    const decoy = await this.#decoy
    const stored = rows[0]?.password_hash
    const matches = await this.#hasher.verify(stored ?? decoy, password)
    if (stored === undefined || !matches) {
      return false
    }
    if (this.#hasher.needsReHash(stored)) {
      await this.#renew(stored, await this.#hasher.make(password))
    }
    return true
  }

  /** A password that was changed meanwhile stays changed. */
  async #renew(former: string, renewed: string): Promise<void> {
    await this.#pool.query(
      'update secrets.credentials set password_hash = $2, updated_at = now() where password_hash = $1',
      [former, renewed]
    )
  }
}
