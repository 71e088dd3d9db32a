import type { HttpContext } from '@adonisjs/core/http'
import { ClaimTakenError } from '#event_store/errors'
import type { AccountHandlers } from '#handlers/account'
import { success } from '#http/envelope'
import { E_EMAIL_TAKEN, E_NOT_FOUND, E_NOT_VISIBLE_YET, InvalidFieldsError } from '#http/errors'
import { givenValues } from '#http/given_values'
import { jsonBody } from '#http/json_body'
import { pageOfItems } from '#http/pages'
import { commandContextOf } from '#http/request_context'
import { idParam } from '#http/route_params'
import { transformAdministeredUser } from '#http/transformers/user_transformer'
import { pageOf } from '#http/validators/page_validator'
import { listUsersValidator, updateUserValidator } from '#http/validators/user_validator'
import { findGroup } from '#read_models/group_queries'
import { findUser, listUsers } from '#read_models/user_queries'
import { services } from '#start/services'
import { webServices } from '#start/web_services'

const READ_MODELS = ['accounts', 'deleted_accounts', 'usage', 'groups']

/** Accounts in an administrator's hands. */
export default class UsersController {
  async index(ctx: HttpContext) {
    const { keyword, status, ...query } = await listUsersValidator.validate(
      givenValues(ctx.request.qs())
    )
    const request = pageOf(query)
    const { items, total } = await listUsers({ keyword, status }, request)
    return success(pageOfItems(items.map(transformAdministeredUser), total, request))
  }

  async show(ctx: HttpContext) {
    const user = await findUser(idParam(ctx))
    if (user === null) {
      throw new E_NOT_FOUND()
    }
    return success(transformAdministeredUser(user))
  }

  async update(ctx: HttpContext) {
    const accountId = idParam(ctx)
    const change = await updateUserValidator.validate(jsonBody(ctx))
    if (change.group_id !== undefined && (await findGroup(change.group_id)) === null) {
      throw new InvalidFieldsError({ group_id: ['There is no such group'] })
    }
    const context = commandContextOf(ctx, ctx.auth.getUserOrFail())
    const { position } = await this.#administer(
      {
        accountId,
        name: change.name,
        email: change.email,
        role: change.role,
        groupId: change.group_id,
        capacityBytes: change.capacity_bytes,
        frozen: change.status === undefined ? undefined : change.status === 0,
      },
      context
    )
    if (change.password !== undefined) {
      const passwordHash = await webServices().passwords.hash(change.password)
      await services().handlers.account.changePassword({ accountId, passwordHash }, context)
    }
    if (change.password !== undefined || change.status === 0) {
      await webServices().refreshTokens.revokeAll(accountId)
    }
    await webServices().readModels.waitFor(position, READ_MODELS)
    const user = await findUser(accountId)
    if (user === null) {
      throw new E_NOT_VISIBLE_YET()
    }
    return success(transformAdministeredUser(user), 'Saved')
  }

  async destroy(ctx: HttpContext) {
    const accountId = idParam(ctx)
    const { position } = await services().handlers.account.deleteAccount(
      { accountId },
      commandContextOf(ctx, ctx.auth.getUserOrFail())
    )
    await webServices().refreshTokens.revokeAll(accountId)
    await webServices().readModels.waitFor(position, READ_MODELS)
    return success(null, 'Deleted: its images follow, and it can be restored for a while')
  }

  async #administer(...[command, context]: Parameters<AccountHandlers['administerAccount']>) {
    try {
      return await services().handlers.account.administerAccount(command, context)
    } catch (error) {
      if (error instanceof ClaimTakenError && error.scope === 'email') {
        throw new E_EMAIL_TAKEN()
      }
      throw error
    }
  }
}
