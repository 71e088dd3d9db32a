import type { KeyObject } from 'node:crypto'
import { errors, jwtVerify, SignJWT } from 'jose'
import { LRUCache } from 'lru-cache'
import { derivePurposeKey } from '#event_store/sealing'

/** How long an access token is good for. */
export const ACCESS_TOKEN_SECONDS = 15 * 60

const ISSUER = 'picfast'
const AUDIENCE = 'picfast:api'
const ALGORITHM = 'HS256'
/** A client sends the same token with each of its requests: so many are remembered once they were verified. */
const REMEMBERED_TOKENS = 5_000
const SESSION_ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

export interface AccessTokenClaims {
  accountId: number
  /** The family of refresh tokens that the access token belongs to. */
  sessionId: string
}

export interface VerifiedClaims extends AccessTokenClaims {
  /** When the token ends, in milliseconds of the epoch. */
  expiresAt: number
}

/** Signs and verifies access tokens: JWTs (HS256) under a key derived from the site's. */
export class AccessTokens {
  readonly #key: KeyObject
  readonly #verified = new LRUCache<string, VerifiedClaims>({ max: REMEMBERED_TOKENS })

  constructor(siteKey: string) {
    this.#key = derivePurposeKey(siteKey, 'access tokens')
  }

  /** `role` is for the client to read; the server never believes it. */
  issue(claims: AccessTokenClaims & { role: string }, now = new Date()): Promise<string> {
    const issuedAt = Math.floor(now.getTime() / 1000)
    return new SignJWT({ sid: claims.sessionId, role: claims.role })
      .setProtectedHeader({ alg: ALGORITHM, typ: 'at+jwt' })
      .setIssuer(ISSUER)
      .setAudience(AUDIENCE)
      .setSubject(String(claims.accountId))
      .setIssuedAt(issuedAt)
      .setExpirationTime(issuedAt + ACCESS_TOKEN_SECONDS)
      .sign(this.#key)
  }

  /** What the token says, or `null` when it is not ours, was tampered with, or has expired. */
  async verify(token: string, now = new Date()): Promise<VerifiedClaims | null> {
    const known = this.#verified.get(token)
    if (known !== undefined) {
      return now.getTime() < known.expiresAt ? known : null
    }
    const claims = await this.#verify(token, now)
    if (claims !== null) {
      this.#verified.set(token, claims)
    }
    return claims
  }

  async #verify(token: string, now: Date): Promise<VerifiedClaims | null> {
    try {
      const { payload } = await jwtVerify(token, this.#key, {
        algorithms: [ALGORITHM],
        issuer: ISSUER,
        audience: AUDIENCE,
        typ: 'at+jwt',
        requiredClaims: ['exp', 'iat', 'sub', 'sid'],
        currentDate: now,
      })
      const accountId = Number(payload.sub)
      const sessionId = payload['sid']
      if (!Number.isSafeInteger(accountId) || accountId < 1) {
        return null
      }
      if (typeof sessionId !== 'string' || !SESSION_ID.test(sessionId)) {
        return null
      }
      return { accountId, sessionId, expiresAt: Number(payload.exp) * 1_000 }
    } catch (error) {
      if (error instanceof errors.JOSEError) {
        return null
      }
      throw error
    }
  }
}
