import type { HttpContext } from '@adonisjs/core/http'
import type { MailPurpose } from '#auth/mailed_tokens'
import { mailIsConfigured } from '#config/mail'
import type { CommandContext } from '#handlers/command_context'
import { findAccount, findAccountByEmail } from '#read_models/account_queries'
import type { AccountView } from '#read_models/views'
import { webServices } from '#start/web_services'
import { E_MAIL_NOT_SET_UP, InvalidFieldsError } from './errors.ts'
import { commandContextOf } from './request_context.ts'

/** An account whose address has been shown to be its owner's. */
export interface ReachedAccount {
  accountId: number
  email: string
}

/**
 * Does what a mailed link is for, in the name of the account, and uses its token up. When that fails the token stays
 * good.
 *
 * @throws InvalidFieldsError of `token` when it is unknown, used, expired or void, or the account is closed
 */
export async function redeemMailedToken(
  ctx: HttpContext,
  { purpose, token }: { purpose: MailPurpose; token: string },
  work: (account: ReachedAccount, context: CommandContext) => Promise<void>
): Promise<void> {
  const { mailedTokens } = webServices()
  const taken = await mailedTokens.take(purpose, token)
  if (taken === null) {
    throw unusable()
  }
  try {
    const account = await findAccount(taken.accountId)
    const { accountId, email, frozen } = account ?? { accountId: 0, email: null, frozen: true }
    if (frozen || email === null || !mailedTokens.wasSentTo(taken, email)) {
      throw unusable()
    }
    const actor = { kind: 'account', id: accountId, account_id: accountId } as const
    await work({ accountId, email }, { ...commandContextOf(ctx, null), actor })
  } catch (error) {
    // Should this fail too, another mail helps.
    await mailedTokens.giveBack(taken).catch(() => undefined)
    throw error
  }
}

/**
 * Has a mail sent to an account, if there is one with this address that may have it. Neither the answer nor its time
 * tells: the request is recorded in the background.
 *
 * @throws E_MAIL_NOT_SET_UP
 */
export async function askForMail(
  ctx: HttpContext,
  email: string,
  ask: (account: AccountView) => Promise<unknown>
): Promise<void> {
  if (!mailIsConfigured()) {
    throw new E_MAIL_NOT_SET_UP()
  }
  const account = await findAccountByEmail(email)
  if (account !== null && !account.frozen) {
    webServices().background.add(ask(account), (error) =>
      ctx.logger.error({ err: error }, 'A mail that was asked for could not be recorded')
    )
  }
}

function unusable() {
  return new InvalidFieldsError({
    token: ['The token is unknown, used, expired, or a later mail has replaced it'],
  })
}
