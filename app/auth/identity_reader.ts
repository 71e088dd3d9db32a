import type pg from 'pg'
import { SharedLookUp, type FoundRow } from '#event_store/shared_look_up'
import type { AccountRole } from '#domain/account/events'
import type { TokenScope } from '#domain/api_token/events'
import type { VerifiedClaims } from './access_tokens.ts'
import type { Account, Identity, ReadMoment } from './identity.ts'
import { hashToken } from './secret_tokens.ts'

interface AccountColumns {
  account_id: string
  role: AccountRole
  status: number
  group_id: string
  capacity_bytes: string
}

interface FoundColumns extends AccountColumns, FoundRow {
  account_stamp: string | null
  everybody_stamp: string | null
  at: number
}

interface ApiTokenColumns extends FoundColumns {
  token_id: string
  scopes: TokenScope[]
  /** In milliseconds of the epoch. */
  expires_at: number | null
  stale: boolean
}

const ACCOUNT_COLUMNS = 'a.account_id, a.role, a.status, a.group_id, a.capacity_bytes'

/** The stamps are read in the statement that finds the account: neither is older than the other. */
const FOUND_COLUMNS = `w.n::int, ${ACCOUNT_COLUMNS},
  own.stamp as account_stamp, every.stamp as everybody_stamp, extract(epoch from now())::float8 * 1000 as at`

const STAMPS = `left join run.read_stamps own on own.subject = a.account_id
  left join run.read_stamps every on every.subject = 0`

/**
 * Finds who a verified credential stands for, anew on each request: a claim in a token is never believed. Requests that
 * come while a look-up is under way share the next one.
 */
export class IdentityReader {
  readonly #pool: pg.Pool
  readonly #sessions: SharedLookUp<VerifiedClaims, FoundColumns>
  readonly #apiTokens: SharedLookUp<Buffer, ApiTokenColumns>

  constructor(pool: pg.Pool) {
    this.#pool = pool
    this.#sessions = new SharedLookUp(pool, (wanted) => ({
      name: 'identities_by_session',
      text: `select ${FOUND_COLUMNS}
             from unnest($1::bigint[], $2::uuid[]) with ordinality as w(account_id, session_id, n)
             join read.accounts a on a.account_id = w.account_id ${STAMPS}
             where exists (
               select 1 from secrets.refresh_tokens r
               where r.family_id = w.session_id and r.account_id = w.account_id
                 and r.revoked_at is null)`,
      values: [wanted.map(({ accountId }) => accountId), wanted.map(({ sessionId }) => sessionId)],
    }))
    this.#apiTokens = new SharedLookUp(pool, (hashes) => ({
      name: 'identities_by_api_token',
      text: `select ${FOUND_COLUMNS}, t.token_id, t.scopes,
               extract(epoch from t.expires_at)::float8 * 1000 as expires_at,
               s.last_used_at is null or s.last_used_at < now() - interval '1 minute' as stale
             from unnest($1::bytea[]) with ordinality as w(hash, n)
             join secrets.api_tokens s on s.token_hash = w.hash
             join read.api_tokens t on t.token_id = s.token_id and t.account_id = s.account_id
             join read.accounts a on a.account_id = t.account_id ${STAMPS}
             where t.expires_at is null or t.expires_at > now()`,
      values: [hashes],
    }))
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
  async findBySession(claims: VerifiedClaims): Promise<Identity | null> {
    const row = await this.#sessions.find(claims)
    if (row === null) {
      return null
    }
    const { sessionId, expiresAt } = claims
    const credential = { kind: 'session', sessionId, expiresAt } as const
    return { ...accountOf(row), credential, moment: momentOf(row) }
  }

  /** `null` when the token is unknown, revoked or expired. Its last use is noted, at most once a minute. */
  async findByApiToken(token: string): Promise<Identity | null> {
    const row = await this.#apiTokens.find(hashToken(token))
    if (row === null) {
      return null
    }
    const tokenId = Number(row.token_id)
    if (row.stale) {
      await this.#noteUse(tokenId)
    }
    const expiresAt = row.expires_at ?? Number.POSITIVE_INFINITY
    const credential = { kind: 'api_token', tokenId, scopes: row.scopes, expiresAt } as const
    return { ...accountOf(row), credential, moment: momentOf(row) }
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

function momentOf(row: FoundColumns): ReadMoment {
  return { account: row.account_stamp, everybody: row.everybody_stamp, at: row.at }
}
