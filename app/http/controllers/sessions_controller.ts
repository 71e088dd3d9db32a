import type { HttpContext } from '@adonisjs/core/http'
import {
  E_ACCOUNT_FROZEN,
  E_EMAIL_NOT_VERIFIED,
  E_INVALID_CREDENTIALS,
  E_INVALID_REFRESH_TOKEN,
} from '#auth/errors'
import type { AccountFact } from '#handlers/account'
import { verificationIsRequired } from '#http/email_verification'
import { success } from '#http/envelope'
import { jsonBody } from '#http/json_body'
import { commandContextOf } from '#http/request_context'
import { transformTokens } from '#http/transformers/token_transformer'
import { loginValidator, refreshValidator } from '#http/validators/account_validator'
import { findAccount, findAccountByEmail } from '#read_models/account_queries'
import { services } from '#start/services'
import { webServices } from '#start/web_services'

/** Signing in, staying signed in, signing out. */
export default class SessionsController {
  async store(ctx: HttpContext) {
    const { email, password } = await loginValidator.validate(jsonBody(ctx))
    const { passwords, sessions } = webServices()
    const account = await findAccountByEmail(email)
    const matches = await passwords.verify(account?.accountId ?? null, password)
    if (account === null || !matches) {
      this.#recordFailure(ctx, account?.accountId ?? null, 'password')
      throw new E_INVALID_CREDENTIALS()
    }
    if (account.frozen) {
      this.#recordFailure(ctx, account.accountId, 'frozen')
      throw new E_ACCOUNT_FROZEN()
    }
    if (!account.emailVerified && (await verificationIsRequired())) {
      this.#recordFailure(ctx, account.accountId, 'unverified')
      throw new E_EMAIL_NOT_VERIFIED()
    }
    await this.#recordSignIn(ctx, account.accountId)
    const { accessToken, refreshToken } = await sessions.open(account)
    return success(transformTokens(accessToken, refreshToken), 'Signed in')
  }

  async update(ctx: HttpContext) {
    const { refresh_token: token } = await refreshValidator.validate(jsonBody(ctx))
    const { refreshTokens, sessions } = webServices()
    const rotation = await refreshTokens.rotate(token)
    if (rotation.outcome === 'reused') {
      const { accountId } = rotation
      await this.#record(ctx, {
        type: 'account.session_revoked',
        data: { account_id: accountId, reason: 'refresh_token_reused' },
      })
    }
    if (rotation.outcome !== 'rotated') {
      throw new E_INVALID_REFRESH_TOKEN()
    }
    const account = await findAccount(rotation.next.accountId)
    if (account === null) {
      throw new E_INVALID_REFRESH_TOKEN()
    }
    if (account.frozen) {
      throw new E_ACCOUNT_FROZEN()
    }
    const accessToken = await sessions.accessTokenFor(account, rotation.next.sessionId)
    return success(transformTokens(accessToken, rotation.next.token), 'Renewed')
  }

  async destroy(ctx: HttpContext) {
    const identity = ctx.auth.getUserOrFail()
    await webServices().refreshTokens.revokeAll(identity.accountId)
    await services().handlers.account.recordFact(
      { type: 'account.signed_out', data: { account_id: identity.accountId } },
      commandContextOf(ctx, identity)
    )
    return success(null, 'Signed out')
  }

  /** Whoever knows the password is that account: their address is forgotten with them. */
  async #recordSignIn(ctx: HttpContext, accountId: number): Promise<void> {
    await services().handlers.account.recordFact(
      { type: 'account.signed_in', data: { account_id: accountId } },
      {
        ...commandContextOf(ctx, null),
        actor: { kind: 'account', id: accountId, account_id: accountId },
      }
    )
  }

  /** The answer does not wait: it must take as long as for an account that does not exist. */
  #recordFailure(
    ctx: HttpContext,
    accountId: number | null,
    reason: 'password' | 'frozen' | 'unverified'
  ): void {
    const recorded =
      accountId === null
        ? services().handlers.visitor.recordUnknownSignIn(
            new Date().toISOString(),
            commandContextOf(ctx, null)
          )
        : this.#record(ctx, {
            type: 'account.sign_in_failed',
            data: { account_id: accountId, reason },
          })
    webServices().background.add(recorded, (error) =>
      ctx.logger.error({ err: error }, 'A failed sign-in could not be recorded')
    )
  }

  #record(ctx: HttpContext, fact: AccountFact) {
    return services().handlers.account.recordFact(fact, commandContextOf(ctx, null))
  }
}
