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

/** A run that has not come back after so long is taken to have died. */
const SENDING_SECONDS = 60

/** A mail that was asked for: by whom, what for, and where the log has the request. */
export interface MailRequest {
  accountId: number
  purpose: MailPurpose
  eventPosition: number
}

/** The work is done twice at once: what this run would send may be out in a moment. */
export class MailInHandError extends Error {
  override name = 'MailInHandError'
  readonly code = 'E_MAIL_IN_HAND'

  constructor() {
    super('Another run is sending this mail')
  }
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
   * Draws the secret of a mail and has the mail sent; the link of any former mail is void from then on. Nothing is sent
   * when this request's mail is out already, or a later request took its place. When sending fails, another try draws
   * another secret.
   *
   * @throws MailInHandError while another run of the same work is sending
   */
  async deliver(
    request: MailRequest,
    email: string,
    send: (secret: string) => Promise<void>
  ): Promise<void> {
    const secret = drawMailedSecret()
    if (!(await this.#put(request, email, secret))) {
      if (await this.#isInHand(request)) {
        throw new MailInHandError()
      }
      return
    }
    try {
      await send(secret)
    } catch (error) {
      await this.#end(request, 'in_hand_until = null')
      throw error
    }
    await this.#end(request, 'in_hand_until = null, sent_at = now()')
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

  /** False when there is nothing to send, or not now. */
  async #put(
    { accountId, purpose, eventPosition }: MailRequest,
    email: string,
    secret: string
  ): Promise<boolean> {
    const { rowCount } = await this.#pool.query(
      `insert into secrets.mailed_tokens as present
         (account_id, purpose, token_hash, email_mark, event_position, expires_at, in_hand_until)
       values ($1, $2, $3, $4, $5, now() + make_interval(hours => $6), now() + make_interval(secs => $7))
       on conflict (account_id, purpose) do update set
         token_hash = excluded.token_hash, email_mark = excluded.email_mark,
         event_position = excluded.event_position, expires_at = excluded.expires_at,
         in_hand_until = excluded.in_hand_until, sent_at = null, used_at = null,
         created_at = excluded.created_at
       where present.event_position < excluded.event_position
         or (present.event_position = excluded.event_position and present.sent_at is null
             and coalesce(present.in_hand_until < now(), true))`,
      [
        accountId,
        purpose,
        hashToken(secret),
        this.#markOf(email),
        eventPosition,
        MAILED_TOKEN_HOURS[purpose],
        SENDING_SECONDS,
      ]
    )
    return rowCount === 1
  }

  async #isInHand({ accountId, purpose, eventPosition }: MailRequest): Promise<boolean> {
    const { rowCount } = await this.#pool.query(
      `select 1 from secrets.mailed_tokens
       where account_id = $1 and purpose = $2 and event_position = $3 and sent_at is null`,
      [accountId, purpose, eventPosition]
    )
    return rowCount === 1
  }

  async #end({ accountId, purpose, eventPosition }: MailRequest, outcome: string): Promise<void> {
    await this.#pool.query(
      `update secrets.mailed_tokens set ${outcome}
       where account_id = $1 and purpose = $2 and event_position = $3`,
      [accountId, purpose, eventPosition]
    )
  }

  #markOf(email: string): string {
    return fingerprint(this.#key, normalizeEmail(email))
  }
}
