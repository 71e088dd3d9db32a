import type { HttpContext } from '@adonisjs/core/http'
import type { Identity } from '#auth/identity'
import { success } from '#http/envelope'
import { InvalidFieldsError } from '#http/errors'
import { jsonBody } from '#http/json_body'
import { commandContextOf } from '#http/request_context'
import { transformUser } from '#http/transformers/user_transformer'
import { deleteMeValidator, updateMeValidator } from '#http/validators/account_validator'
import { findAccountOrFail, findUsage } from '#read_models/account_queries'
import { joinSettings } from '#read_models/user_settings'
import { services } from '#start/services'
import { webServices } from '#start/web_services'

/** The account behind the credentials. */
export default class ProfileController {
  async show(ctx: HttpContext) {
    const { accountId } = ctx.auth.getUserOrFail()
    const [account, usage] = await Promise.all([findAccountOrFail(accountId), findUsage(accountId)])
    webServices().keptAnswers.answerAndKeep(ctx, success(transformUser(account, usage)))
  }

  async update(ctx: HttpContext) {
    const identity = ctx.auth.getUserOrFail()
    const { accountId } = identity
    const context = commandContextOf(ctx, identity)
    const { account: handlers } = services().handlers
    const {
      name,
      settings,
      password,
      current_password: current,
    } = await updateMeValidator.validate(jsonBody(ctx))

    if (password !== undefined) {
      await this.#changePassword(ctx, identity, password, current ?? '')
    }
    let account = await findAccountOrFail(accountId)
    let position = 0
    if (name !== undefined) {
      const handled = await handlers.changeName({ accountId, name }, context)
      position = Math.max(position, handled.position)
      account = { ...account, name }
    }
    if (settings !== undefined) {
      const changed = { ...joinSettings(account.settings, settings) }
      const handled = await handlers.changeSettings({ accountId, settings: changed }, context)
      position = Math.max(position, handled.position)
      account = { ...account, settings: changed }
    }
    await webServices().readModels.waitFor(position, ['accounts'])
    return success(transformUser(account, await findUsage(accountId)), 'Saved')
  }

  /** Deletes the caller's own account, on the word of who knows its password. */
  async destroy(ctx: HttpContext) {
    const identity = ctx.auth.getUserOrFail()
    const { accountId } = identity
    const { current_password: current } = await deleteMeValidator.validate(jsonBody(ctx))
    await requirePassword(accountId, current)
    const { position } = await services().handlers.account.deleteAccount(
      { accountId },
      commandContextOf(ctx, identity)
    )
    await webServices().refreshTokens.revokeAll(accountId)
    await webServices().readModels.waitFor(position, ['accounts', 'deleted_accounts'])
    return success(null, 'Deleted: your images follow')
  }

  async #changePassword(ctx: HttpContext, identity: Identity, password: string, current: string) {
    const { passwords, refreshTokens } = webServices()
    const { accountId, credential } = identity
    await requirePassword(accountId, current)
    const passwordHash = await passwords.hash(password)
    await services().handlers.account.changePassword(
      { accountId, passwordHash },
      commandContextOf(ctx, identity)
    )
    const sessionId = credential.kind === 'session' ? credential.sessionId : null
    await refreshTokens.revokeAll(accountId, sessionId)
  }
}

/** @throws InvalidFieldsError */
async function requirePassword(accountId: number, current: string): Promise<void> {
  if (!(await webServices().passwords.verify(accountId, current))) {
    throw new InvalidFieldsError({ current_password: ['The current password is wrong'] })
  }
}
