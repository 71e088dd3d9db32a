import type { HttpContext } from '@adonisjs/core/http'
import { DEFAULT_CAPACITY_BYTES, DEFAULT_GROUP_ID } from '#domain/site/initial_site'
import { ClaimTakenError } from '#event_store/errors'
import { success } from '#http/envelope'
import { E_ALREADY_SET_UP } from '#http/errors'
import { commandContextOf } from '#http/request_context'
import { transformTokens } from '#http/transformers/token_transformer'
import { setupValidator } from '#http/validators/account_validator'
import { anyAccountExists } from '#read_models/account_queries'
import { services } from '#start/services'
import { webServices } from '#start/web_services'

/** The first run: one administrator is made, then never again. */
export default class SetupController {
  async show() {
    return success({ required: !(await anyAccountExists()) })
  }

  async store(ctx: HttpContext) {
    const { email, password, name } = await setupValidator.validate(ctx.request.body())
    if (await anyAccountExists()) {
      throw new E_ALREADY_SET_UP()
    }
    const { passwords, readModels, sessions } = webServices()
    const account = { email, name, passwordHash: await passwords.hash(password) }
    const { accountId, position } = await this.#registerAdmin(ctx, account)
    await readModels.waitFor(position, ['accounts', 'groups', 'strategies', 'usage'])
    const { accessToken, refreshToken } = await sessions.open({ accountId, role: 'admin' })
    ctx.response.status(201)
    return success(transformTokens(accessToken, refreshToken), 'The site is set up')
  }

  /** The claim on the first administrator decides who of several is first. */
  async #registerAdmin(
    ctx: HttpContext,
    account: { email: string; name: string; passwordHash: string }
  ) {
    const { handlers } = services()
    const context = commandContextOf(ctx, null, 'setup')
    try {
      await handlers.site.initializeSite(context)
      return await handlers.account.registerAccount(
        {
          ...account,
          role: 'admin',
          origin: 'setup',
          groupId: DEFAULT_GROUP_ID,
          capacityBytes: DEFAULT_CAPACITY_BYTES,
          emailVerified: true,
        },
        context
      )
    } catch (error) {
      if (error instanceof ClaimTakenError) {
        throw new E_ALREADY_SET_UP()
      }
      throw error
    }
  }
}
