import { randomUUID } from 'node:crypto'
import type pg from 'pg'
import { withPooledClient } from '#event_store/with_client'
import { drawRefreshToken, hashToken, looksLikeRefreshToken } from './secret_tokens.ts'

/** How long a refresh token can be exchanged for the next one. */
export const REFRESH_TOKEN_DAYS = 30

export interface RefreshToken {
  token: string
  accountId: number
  /** The family: all tokens that came from one sign-in. */
  sessionId: string
}

export type Rotation =
  | { outcome: 'rotated'; next: RefreshToken }
  /** The token was exchanged before: someone else may hold it, so its whole family was revoked. */
  | { outcome: 'reused'; accountId: number }
  | { outcome: 'refused' }

interface StoredToken {
  id: string
  family_id: string
  used: boolean
  dead: boolean
}

/**
 * Refresh tokens, stored as hashes. Each is good for one exchange. All changes of one account's tokens are made under
 * a lock on its credentials, so that two exchanges of one token, or an exchange and a revocation, cannot overlap.
 */
export class RefreshTokens {
  readonly #pool: pg.Pool

  constructor(pool: pg.Pool) {
    this.#pool = pool
  }

  /** Starts a family for an account that has just signed in; what has expired of it is cleared away. */
  async start(accountId: number): Promise<RefreshToken> {
    await this.#pool.query(
      'delete from secrets.refresh_tokens where account_id = $1 and expires_at <= now()',
      [accountId]
    )
    return insertToken(this.#pool, accountId, randomUUID())
  }

  /** Exchanges a token for the next of its family. */
  async rotate(token: string): Promise<Rotation> {
    if (!looksLikeRefreshToken(token)) {
      return { outcome: 'refused' }
    }
    const hash = hashToken(token)
    const accountId = await this.#ownerOf(hash)
    if (accountId === null) {
      return { outcome: 'refused' }
    }
    return this.#underLock(accountId, async (client) => {
      const stored = await readToken(client, hash)
      if (stored === null || stored.dead) {
        return { outcome: 'refused' }
      }
      if (stored.used) {
        await revokeFamily(client, stored.family_id)
        await stamp(client, accountId)
        return { outcome: 'reused', accountId }
      }
      await client.query('update secrets.refresh_tokens set used_at = now() where id = $1', [
        stored.id,
      ])
      return { outcome: 'rotated', next: await insertToken(client, accountId, stored.family_id) }
    })
  }

  /** Ends all sessions of an account, but for the one that may go on. */
  async revokeAll(accountId: number, exceptSessionId: string | null = null): Promise<void> {
    await this.#underLock(accountId, async (client) => {
      await client.query(
        `update secrets.refresh_tokens set revoked_at = now()
         where account_id = $1 and revoked_at is null and family_id is distinct from $2::uuid`,
        [accountId, exceptSessionId]
      )
      await stamp(client, accountId)
    })
  }

  async #ownerOf(hash: Buffer): Promise<number | null> {
    const { rows } = await this.#pool.query<{ account_id: string }>({
      name: 'refresh_token_owner',
      text: 'select account_id from secrets.refresh_tokens where token_hash = $1',
      values: [hash],
    })
    return rows[0] === undefined ? null : Number(rows[0].account_id)
  }

  async #underLock<Result>(
    accountId: number,
    work: (client: pg.PoolClient) => Promise<Result>
  ): Promise<Result> {
    // When something fails the connection is closed, and the transaction with it.
    return withPooledClient(this.#pool, async (client) => {
      await client.query('begin')
      await client.query(
        'select 1 from secrets.credentials where account_id = $1 for no key update',
        [accountId]
      )
      const result = await work(client)
      await client.query('commit')
      return result
    })
  }
}

async function readToken(client: pg.PoolClient, hash: Buffer): Promise<StoredToken | null> {
  const { rows } = await client.query<StoredToken>(
    `select id, family_id, used_at is not null as used,
       revoked_at is not null or expires_at <= now() as dead
     from secrets.refresh_tokens where token_hash = $1`,
    [hash]
  )
  return rows[0] ?? null
}

async function insertToken(
  client: pg.Pool | pg.PoolClient,
  accountId: number,
  sessionId: string
): Promise<RefreshToken> {
  const token = drawRefreshToken()
  await client.query(
    `insert into secrets.refresh_tokens (id, family_id, account_id, token_hash, expires_at)
     values ($1, $2, $3, $4, now() + make_interval(days => $5))`,
    [randomUUID(), sessionId, accountId, hashToken(token), REFRESH_TOKEN_DAYS]
  )
  return { token, accountId, sessionId }
}

async function revokeFamily(client: pg.PoolClient, familyId: string): Promise<void> {
  await client.query(
    `update secrets.refresh_tokens set revoked_at = now()
     where family_id = $1 and revoked_at is null`,
    [familyId]
  )
}

/** Makes an end of what is kept for who sends the access tokens. */
async function stamp(client: pg.PoolClient, accountId: number): Promise<void> {
  await client.query('select run.stamp_subjects(array[$1::bigint])', [accountId])
}
