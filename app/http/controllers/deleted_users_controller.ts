import type { HttpContext } from '@adonisjs/core/http'
import { parseDuration } from '#domain/duration'
import { ClaimTakenError } from '#event_store/errors'
import { success } from '#http/envelope'
import { E_EMAIL_TAKEN, E_NOT_FOUND, E_NOT_VISIBLE_YET } from '#http/errors'
import { pageOfItems } from '#http/pages'
import { commandContextOf } from '#http/request_context'
import { idParam } from '#http/route_params'
import {
  transformAdministeredUser,
  transformDeletedUser,
} from '#http/transformers/user_transformer'
import { pageOf, pageValidator } from '#http/validators/page_validator'
import { isDeletedAccount, listDeletedAccounts } from '#read_models/deleted_account_queries'
import { findSiteSettings } from '#read_models/site_settings_queries'
import { findUser } from '#read_models/user_queries'
import { services } from '#start/services'
import { webServices } from '#start/web_services'

const READ_MODELS = ['accounts', 'deleted_accounts', 'usage', 'groups']

/** Accounts that were deleted, until their people are forgotten. */
export default class DeletedUsersController {
  async index(ctx: HttpContext) {
    const request = pageOf(await pageValidator.validate(ctx.request.qs()))
    const [{ items, total }, { deleted_account_retention: retention }] = await Promise.all([
      listDeletedAccounts(request),
      findSiteSettings(),
    ])
    const milliseconds = parseDuration(retention) ?? 0
    return success(
      pageOfItems(
        items.map((account) => transformDeletedUser(account, milliseconds)),
        total,
        request
      )
    )
  }

  async restore(ctx: HttpContext) {
    const accountId = idParam(ctx)
    const { position } = await this.#restore(ctx, accountId)
    await webServices().readModels.waitFor(position, READ_MODELS)
    const user = await findUser(accountId)
    if (user === null) {
      throw new E_NOT_VISIBLE_YET()
    }
    return success(transformAdministeredUser(user), 'Restored: the images follow')
  }

  /** Forgets the person now. */
  async destroy(ctx: HttpContext) {
    const accountId = idParam(ctx)
    if (!(await isDeletedAccount(accountId))) {
      throw new E_NOT_FOUND()
    }
    const { position } = await services().handlers.account.forgetAccount(
      { accountId },
      commandContextOf(ctx, ctx.auth.getUserOrFail())
    )
    await webServices().readModels.waitFor(position, READ_MODELS)
    return success(null, 'Forgotten: what is left behind follows')
  }

  async #restore(ctx: HttpContext, accountId: number) {
    try {
      return await services().handlers.account.restoreAccount(
        { accountId },
        commandContextOf(ctx, ctx.auth.getUserOrFail())
      )
    } catch (error) {
      if (error instanceof ClaimTakenError && error.scope === 'email') {
        throw new E_EMAIL_TAKEN()
      }
      throw error
    }
  }
}
