import { symbols } from '@adonisjs/auth'
import type { AuthClientResponse, GuardContract } from '@adonisjs/auth/types'
import type { HttpContext } from '@adonisjs/core/http'
import { readBearer } from './bearer_header.ts'
import { E_ACCOUNT_FROZEN, E_UNAUTHENTICATED } from './errors.ts'
import type { Identity } from './identity.ts'

/** What the guards of both kinds of credential share: one attempt a request, and a frozen account gets nowhere. */
export abstract class CredentialGuard implements GuardContract<Identity> {
  declare readonly [symbols.GUARD_KNOWN_EVENTS]: Record<string, never>
  abstract readonly driverName: string

  user?: Identity
  isAuthenticated = false
  authenticationAttempted = false
  readonly #ctx: HttpContext

  constructor(ctx: HttpContext) {
    this.#ctx = ctx
  }

  /** Who the credential stands for, or `null` when it is not of this guard's kind or not good. */
  protected abstract identify(credential: string): Promise<Identity | null>

  abstract authenticateAsClient(user: Identity): Promise<AuthClientResponse>

  getUserOrFail(): Identity {
    if (this.user === undefined) {
      throw new E_UNAUTHENTICATED()
    }
    return this.user
  }

  async authenticate(): Promise<Identity> {
    if (!this.authenticationAttempted) {
      this.authenticationAttempted = true
      const credential = readBearer(this.#ctx.request.header('authorization'))
      const identity = credential === null ? null : await this.identify(credential)
      if (identity?.frozen) {
        throw new E_ACCOUNT_FROZEN()
      }
      this.user = identity ?? undefined
      this.isAuthenticated = identity !== null
    }
    return this.getUserOrFail()
  }

  async check(): Promise<boolean> {
    try {
      await this.authenticate()
      return true
    } catch (error) {
      if (error instanceof E_UNAUTHENTICATED) {
        return false
      }
      throw error
    }
  }
}
