import type { AuthClientResponse } from '@adonisjs/auth/types'
import type { HttpContext } from '@adonisjs/core/http'
import type { AccessTokens } from './access_tokens.ts'
import { CredentialGuard } from './credential_guard.ts'
import type { Identity } from './identity.ts'
import type { IdentityReader } from './identity_reader.ts'
import { looksLikeApiToken } from './secret_tokens.ts'

/** Lets in who sends a JWT access token of a session that has not been ended. */
export class SessionGuard extends CredentialGuard {
  readonly driverName = 'session_token'
  readonly #accessTokens: AccessTokens
  readonly #identities: IdentityReader

  constructor(ctx: HttpContext, accessTokens: AccessTokens, identities: IdentityReader) {
    super(ctx)
    this.#accessTokens = accessTokens
    this.#identities = identities
  }

  protected async identify(credential: string): Promise<Identity | null> {
    if (looksLikeApiToken(credential)) {
      return null
    }
    const claims = await this.#accessTokens.verify(credential)
    return claims === null ? null : this.#identities.findBySession(claims)
  }

  async authenticateAsClient(user: Identity): Promise<AuthClientResponse> {
    if (user.credential.kind !== 'session') {
      throw new TypeError('An access token needs the identity of a session')
    }
    const token = await this.#accessTokens.issue({
      accountId: user.accountId,
      sessionId: user.credential.sessionId,
      role: user.role,
    })
    return { headers: { authorization: `Bearer ${token}` } }
  }
}
