import type { HttpContext } from '@adonisjs/core/http'
import { success } from '#http/envelope'
import { jsonBody } from '#http/json_body'
import { askForMail, redeemMailedToken } from '#http/mailed_links'
import { commandContextOf } from '#http/request_context'
import { mailRequestValidator, resetPasswordValidator } from '#http/validators/account_validator'
import { services } from '#start/services'
import { webServices } from '#start/web_services'

/** A new password for who has forgotten theirs, by a link in a mail. */
export default class PasswordResetsController {
  async request(ctx: HttpContext) {
    const { email } = await mailRequestValidator.validate(jsonBody(ctx))
    await askForMail(ctx, email, ({ accountId }) =>
      services().handlers.account.requestPasswordReset({ accountId }, commandContextOf(ctx, null))
    )
    return success(null, 'If there is an account with this address, a mail is on its way to it')
  }

  /** Who has the mail has the address: it is confirmed with that. */
  async store(ctx: HttpContext) {
    const { token, password } = await resetPasswordValidator.validate(jsonBody(ctx))
    const { passwords, readModels, refreshTokens } = webServices()
    const { account: handlers } = services().handlers
    const link = { purpose: 'reset_password', token } as const
    await redeemMailedToken(ctx, link, async ({ accountId, email }, context) => {
      const passwordHash = await passwords.hash(password)
      await handlers.changePassword({ accountId, passwordHash }, context)
      await refreshTokens.revokeAll(accountId)
      const { position } = await handlers.verifyEmail({ accountId, email }, context)
      await readModels.waitFor(position, ['accounts'])
    })
    return success(null, 'The password is changed: sign in with it')
  }
}
