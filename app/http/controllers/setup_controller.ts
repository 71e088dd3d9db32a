import type { HttpContext } from '@adonisjs/core/http'
import { registerFirstAdmin } from '#handlers/first_admin'
import { success } from '#http/envelope'
import { E_ALREADY_SET_UP } from '#http/errors'
import { isSetUp } from '#http/set_up'
import { jsonBody } from '#http/json_body'
import { commandContextOf } from '#http/request_context'
import { transformTokens } from '#http/transformers/token_transformer'
import { setupValidator } from '#http/validators/account_validator'
import { services } from '#start/services'
import { webServices } from '#start/web_services'

/** A site that has only just started may not have its projector yet, and a first administrator acts at once. */
const START_MILLISECONDS = 15_000

/** The first run: one administrator is made, then never again. */
export default class SetupController {
  async show() {
    return success({ required: !(await isSetUp()) })
  }

  async store(ctx: HttpContext) {
    const { email, password, name } = await setupValidator.validate(jsonBody(ctx))
    if (await isSetUp()) {
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
    await readModels.waitFor(
      position,
      ['accounts', 'groups', 'strategies', 'usage'],
      START_MILLISECONDS
    )
    const { accessToken, refreshToken } = await sessions.open({ accountId, role: 'admin' })
    ctx.response.status(201)
    return success(transformTokens(accessToken, refreshToken), 'The site is set up')
  }
}
