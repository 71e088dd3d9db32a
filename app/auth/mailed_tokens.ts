import type { KeyObject } from 'node:crypto'
import type pg from 'pg'
import { normalizeEmail } from '#domain/values'
import { derivePurposeKey, fingerprint } from '#event_store/sealing'
import { drawMailedSecret, hashToken, looksLikeMailedSecret } from './secret_tokens.ts'

export type MailPurpose = 'verify_email' | 'reset_password'

/** How long the link in a mail is good for. */
export const MAILED_TOKEN_HOURS: Readonly<Record<MailPurpose, number>> = {
  verify_email: 24,
  reset_password: 1,
}

/** A mail that was asked for: by whom, what for, and where the log has the request. */
export interface MailRequest {
  accountId: number
  purpose: MailPurpose
  eventPosition: number
}

export interface TakenToken {
  accountId: number
  tokenHash: Buffer
  emailMark: string
}

/** Secrets in mailed links, stored as hashes: one a purpose and account, good once and for a time. */
export class MailedTokens {
  readonly #pool: pg.Pool
  readonly #key: KeyObject

  constructor(pool: pg.Pool, siteKey: string) {
    this.#pool = pool
    this.#key = derivePurposeKey(siteKey, 'addresses of mailed tokens')
  }

  /**
   * Draws the secret of a mail that is about to be sent; the link of any former mail is void from then on. `null` when
   * there is nothing to send: the mail was sent already, or a later request is being answered.
   */
  async draw(
    { accountId, purpose, eventPosition }: MailRequest,
    email: string
  ): Promise<string | null> {
    const secret = drawMailedSecret()
    const { rowCount } = await this.#pool.query(
      `insert into secrets.mailed_tokens as present
         (account_id, purpose, token_hash, email_mark, event_position, expires_at)
       values ($1, $2, $3, $4, $5, now() + make_interval(hours => $6))
       on conflict (account_id, purpose) do update set
         token_hash = excluded.token_hash, email_mark = excluded.email_mark,
         event_position = excluded.event_position, expires_at = excluded.expires_at,
         sent_at = null, used_at = null, created_at = excluded.created_at
       where present.event_position < excluded.event_position
         or (present.event_position = excluded.event_position and present.sent_at is null)`,
      [
        accountId,
        purpose,
        hashToken(secret),
        this.#markOf(email),
        eventPosition,
        MAILED_TOKEN_HOURS[purpose],
      ]
    )
    return rowCount === 1 ? secret : null
  }

  /** Notes that the mail is out, so that its work, should it be done again, sends no second one. */
  async noteSent({ accountId, purpose, eventPosition }: MailRequest): Promise<void> {
    await this.#pool.query(
      `update secrets.mailed_tokens set sent_at = now()
       where account_id = $1 and purpose = $2 and event_position = $3`,
      [accountId, purpose, eventPosition]
    )
  }

  /** Uses a secret up: of several at once one gets it. `null` when it is unknown, used, expired or void. */
  async take(purpose: MailPurpose, secret: string): Promise<TakenToken | null> {
    if (!looksLikeMailedSecret(secret)) {
      return null
    }
    const tokenHash = hashToken(secret)
    const { rows } = await this.#pool.query<{ account_id: string; email_mark: string }>(
      `update secrets.mailed_tokens set used_at = now()
       where token_hash = $1 and purpose = $2 and used_at is null and expires_at > now()
       returning account_id, email_mark`,
      [tokenHash, purpose]
    )
    const row = rows[0]
    return row === undefined
      ? null
      : { accountId: Number(row.account_id), tokenHash, emailMark: row.email_mark }
  }

  /** Makes a taken secret good again, when what it was taken for could not be done. */
  async giveBack({ tokenHash }: TakenToken): Promise<void> {
    await this.#pool.query(
      'update secrets.mailed_tokens set used_at = null where token_hash = $1',
      [tokenHash]
    )
  }

  /** Whether the mail with the secret went to this address. */
  wasSentTo({ emailMark }: TakenToken, email: string): boolean {
    return emailMark === this.#markOf(email)
  }

  #markOf(email: string): string {
    return fingerprint(this.#key, normalizeEmail(email))
  }
}
