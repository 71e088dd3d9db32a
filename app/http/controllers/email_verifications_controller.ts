import type { HttpContext } from '@adonisjs/core/http'
import { success } from '#http/envelope'
import { jsonBody } from '#http/json_body'
import { askForMail, redeemMailedToken } from '#http/mailed_links'
import { commandContextOf } from '#http/request_context'
import { mailRequestValidator, verifyEmailValidator } from '#http/validators/account_validator'
import { services } from '#start/services'
import { webServices } from '#start/web_services'

/** Showing that an e-mail address is one's own. */
export default class EmailVerificationsController {
  async store(ctx: HttpContext) {
    const { token } = await verifyEmailValidator.validate(jsonBody(ctx))
    await redeemMailedToken(ctx, { purpose: 'verify_email', token }, async (account, context) => {
      const { position } = await services().handlers.account.verifyEmail(account, context)
      await webServices().readModels.waitFor(position, ['accounts'])
    })
    return success(null, 'The e-mail address is confirmed')
  }

  async resend(ctx: HttpContext) {
    const { email } = await mailRequestValidator.validate(jsonBody(ctx))
    await askForMail(ctx, email, ({ accountId }) =>
      services().handlers.account.requestVerification({ accountId }, commandContextOf(ctx, null))
    )
    return success(null, 'If this address waits to be confirmed, a mail is on its way to it')
  }
}
