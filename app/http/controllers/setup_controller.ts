import type { HttpContext } from '@adonisjs/core/http'
import { registerFirstAdmin } from '#handlers/first_admin'
import { success } from '#http/envelope'
import { E_ALREADY_SET_UP } from '#http/errors'
import { jsonBody } from '#http/json_body'
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
    const { email, password, name } = await setupValidator.validate(jsonBody(ctx))
    if (await anyAccountExists()) {
      throw new E_ALREADY_SET_UP()
    }
    const { passwords, readModels, sessions } = webServices()
    const admin = await registerFirstAdmin(
      services().handlers,
      { email, name, passwordHash: await passwords.hash(password) },
      commandContextOf(ctx, null, 'setup')
    )
    if (admin === null) {
      throw new E_ALREADY_SET_UP()
    }
    const { accountId, position } = admin
    await readModels.waitFor(position, ['accounts', 'groups', 'strategies', 'usage'])
    const { accessToken, refreshToken } = await sessions.open({ accountId, role: 'admin' })
    ctx.response.status(201)
    return success(transformTokens(accessToken, refreshToken), 'The site is set up')
  }
}
