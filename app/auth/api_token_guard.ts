import type { AuthClientResponse } from '@adonisjs/auth/types'
import type { HttpContext } from '@adonisjs/core/http'
import { CredentialGuard } from './credential_guard.ts'
import type { Identity } from './identity.ts'
import type { IdentityReader } from './identity_reader.ts'
import { looksLikeApiToken } from './secret_tokens.ts'

/** Lets in who sends an API token (`img_…`). */
export class ApiTokenGuard extends CredentialGuard {
  readonly driverName = 'api_token'
  readonly #identities: IdentityReader

  constructor(ctx: HttpContext, identities: IdentityReader) {
    super(ctx)
    this.#identities = identities
  }

  protected async identify(credential: string): Promise<Identity | null> {
    return looksLikeApiToken(credential) ? this.#identities.findByApiToken(credential) : null
  }

  /** Only the hash of a token is kept, so that none can be made up for an account. */
  async authenticateAsClient(): Promise<AuthClientResponse> {
    throw new TypeError('An API token cannot be made from an identity: create one through the API')
  }
}
