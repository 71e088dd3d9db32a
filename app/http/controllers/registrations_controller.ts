import type { HttpContext } from '@adonisjs/core/http'
import { DEFAULT_GROUP_ID } from '#domain/site/initial_site'
import { ClaimTakenError } from '#event_store/errors'
import type { RegisterAccount } from '#handlers/account'
import { verificationIsRequired } from '#http/email_verification'
import { success } from '#http/envelope'
import { E_EMAIL_TAKEN, E_REGISTRATION_CLOSED } from '#http/errors'
import { jsonBody } from '#http/json_body'
import { commandContextOf } from '#http/request_context'
import { transformTokens } from '#http/transformers/token_transformer'
import { registrationValidator } from '#http/validators/account_validator'
import { findDefaultGroup } from '#read_models/group_queries'
import { findSiteSettings } from '#read_models/site_settings_queries'
import { services } from '#start/services'
import { webServices } from '#start/web_services'

/** Accounts that people make for themselves. */
export default class RegistrationsController {
  async store(ctx: HttpContext) {
    const { email, password, name } = await registrationValidator.validate(jsonBody(ctx))
    const settings = await findSiteSettings()
    if (!settings.allow_registration) {
      throw new E_REGISTRATION_CLOSED()
    }
    const { passwords, readModels, sessions } = webServices()
    const mustConfirm = await verificationIsRequired()
    const group = await findDefaultGroup()
    const capacity = group?.configs['user_capacity_bytes']
    const { accountId, position } = await this.#register(ctx, {
      email,
      name,
      passwordHash: await passwords.hash(password),
      role: 'user',
      origin: 'registration',
      groupId: group?.groupId ?? DEFAULT_GROUP_ID,
      capacityBytes: typeof capacity === 'number' ? capacity : settings.user_initial_capacity,
      emailVerified: false,
      mustConfirm,
    })
    await readModels.waitFor(position, ['accounts', 'usage'])
    ctx.response.status(201)
    if (mustConfirm) {
      return success(
        { requires_email_verification: true, verification_email_sent: true },
        'Registered: confirm your e-mail address by the link in the mail that is on its way'
      )
    }
    const { accessToken, refreshToken } = await sessions.open({ accountId, role: 'user' })
    return success(
      {
        requires_email_verification: false,
        verification_email_sent: false,
        tokens: transformTokens(accessToken, refreshToken),
      },
      'Registered'
    )
  }

  /** The claim on the address decides who of several has it. */
  async #register(ctx: HttpContext, account: RegisterAccount) {
    try {
      return await services().handlers.account.registerAccount(account, commandContextOf(ctx, null))
    } catch (error) {
      if (error instanceof ClaimTakenError && error.scope === 'email') {
        throw new E_EMAIL_TAKEN()
      }
      throw error
    }
  }
}
