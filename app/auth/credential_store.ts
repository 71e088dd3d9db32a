import type pg from 'pg'
import type { ApiTokenSecretStore, CredentialStore } from '#handlers/ports'

/** Password hashes in `secrets.credentials`. A new one voids what mails offer to set another. */
export class PostgresCredentialStore implements CredentialStore {
  readonly #pool: pg.Pool

  constructor(pool: pg.Pool) {
    this.#pool = pool
  }

  async put(accountId: number, passwordHash: string): Promise<void> {
    await this.#pool.query(
      `with voided as (
         update secrets.mailed_tokens set used_at = now()
         where account_id = $1 and purpose = 'reset_password' and used_at is null
       )
       insert into secrets.credentials (account_id, password_hash) values ($1, $2)
       on conflict (account_id) do update set password_hash = excluded.password_hash, updated_at = now()`,
      [accountId, passwordHash]
    )
  }

  async remove(accountId: number): Promise<void> {
    await this.#pool.query(
      `with links as (delete from secrets.mailed_tokens where account_id = $1)
       delete from secrets.credentials where account_id = $1`,
      [accountId]
    )
  }
}

/** Hashes of API tokens in `secrets.api_tokens`. */
export class PostgresApiTokenSecretStore implements ApiTokenSecretStore {
  readonly #pool: pg.Pool

  constructor(pool: pg.Pool) {
    this.#pool = pool
  }

  async put(tokenId: number, accountId: number, secretHash: Buffer): Promise<void> {
    await this.#pool.query(
      `insert into secrets.api_tokens (token_id, account_id, token_hash) values ($1, $2, $3)
       on conflict (token_id) do nothing`,
      [tokenId, accountId, secretHash]
    )
  }

  async remove(tokenId: number): Promise<void> {
    // The stamp makes an end of what is kept for who sends it.
    await this.#pool.query(
      `with gone as (delete from secrets.api_tokens where token_id = $1 returning account_id)
       select run.stamp_subjects(array_agg(account_id)) from gone`,
      [tokenId]
    )
  }
}
