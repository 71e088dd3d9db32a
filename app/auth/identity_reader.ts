import type pg from 'pg'
import type { AccountRole } from '#domain/account/events'
import type { TokenScope } from '#domain/api_token/events'
import type { AccessTokenClaims } from './access_tokens.ts'
import type { Account, Identity } from './identity.ts'
import { hashToken } from './secret_tokens.ts'

interface AccountColumns {
  account_id: string
  role: AccountRole
  status: number
  group_id: string
  capacity_bytes: string
}

interface ApiTokenColumns extends AccountColumns {
  token_id: string
  scopes: TokenScope[]
  stale: boolean
}

const ACCOUNT_COLUMNS = 'a.account_id, a.role, a.status, a.group_id, a.capacity_bytes'

/** Finds who a verified credential stands for, anew on each request: a claim in a token is never believed. */
export class IdentityReader {
  readonly #pool: pg.Pool

  constructor(pool: pg.Pool) {
    this.#pool = pool
  }

  /** The account itself, for what is done in its name later; `null` when it is gone. */
  async findAccount(accountId: number): Promise<Account | null> {
    const { rows } = await this.#pool.query<AccountColumns>({
      name: 'identity_by_account',
      text: `select ${ACCOUNT_COLUMNS} from read.accounts a where a.account_id = $1`,
      values: [accountId],
    })
    return rows[0] === undefined ? null : accountOf(rows[0])
  }

  /** `null` when the account is gone or the session was ended. */
  async findBySession(claims: AccessTokenClaims): Promise<Identity | null> {
    const { rows } = await this.#pool.query<AccountColumns>({
      name: 'identity_by_session',
      text: `select ${ACCOUNT_COLUMNS} from read.accounts a
             where a.account_id = $1 and exists (
               select 1 from secrets.refresh_tokens r
               where r.family_id = $2 and r.account_id = $1 and r.revoked_at is null)`,
      values: [claims.accountId, claims.sessionId],
    })
    const row = rows[0]
    if (row === undefined) {
      return null
    }
    return { ...accountOf(row), credential: { kind: 'session', sessionId: claims.sessionId } }
  }

  /** `null` when the token is unknown, revoked or expired. Its last use is noted, at most once a minute. */
  async findByApiToken(token: string): Promise<Identity | null> {
    const { rows } = await this.#pool.query<ApiTokenColumns>({
      name: 'identity_by_api_token',
      text: `select ${ACCOUNT_COLUMNS}, t.token_id, t.scopes,
               s.last_used_at is null or s.last_used_at < now() - interval '1 minute' as stale
             from secrets.api_tokens s
             join read.api_tokens t on t.token_id = s.token_id and t.account_id = s.account_id
             join read.accounts a on a.account_id = t.account_id
             where s.token_hash = $1 and (t.expires_at is null or t.expires_at > now())`,
      values: [hashToken(token)],
    })
    const row = rows[0]
    if (row === undefined) {
      return null
    }
    const tokenId = Number(row.token_id)
    if (row.stale) {
      await this.#noteUse(tokenId)
    }
    return { ...accountOf(row), credential: { kind: 'api_token', tokenId, scopes: row.scopes } }
  }

  async #noteUse(tokenId: number): Promise<void> {
    await this.#pool.query({
      name: 'api_token_used',
      text: `update secrets.api_tokens set last_used_at = now()
             where token_id = $1
               and (last_used_at is null or last_used_at < now() - interval '1 minute')`,
      values: [tokenId],
    })
  }
}

function accountOf(row: AccountColumns): Account {
  return {
    accountId: Number(row.account_id),
    role: row.role,
    frozen: row.status === 0,
    groupId: Number(row.group_id),
    capacityBytes: Number(row.capacity_bytes),
  }
}
