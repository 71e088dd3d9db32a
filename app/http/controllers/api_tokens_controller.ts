import type { HttpContext } from '@adonisjs/core/http'
import { drawApiToken, hashToken } from '#auth/secret_tokens'
import { momentAfter } from '#domain/duration'
import { success } from '#http/envelope'
import { jsonBody } from '#http/json_body'
import { pageOfItems } from '#http/pages'
import { commandContextOf } from '#http/request_context'
import { idParam } from '#http/route_params'
import { transformApiToken } from '#http/transformers/api_token_transformer'
import { createApiTokenValidator } from '#http/validators/api_token_validator'
import { pageOf, pageValidator } from '#http/validators/page_validator'
import { findApiToken, listApiTokens } from '#read_models/api_token_queries'
import { services } from '#start/services'
import { webServices } from '#start/web_services'

/** Tokens with which tools act for an account. */
export default class ApiTokensController {
  async index(ctx: HttpContext) {
    const request = pageOf(await pageValidator.validate(ctx.request.qs()))
    const { items, total } = await listApiTokens(ctx.auth.getUserOrFail().accountId, request)
    return success(pageOfItems(items.map(transformApiToken), total, request))
  }

  async store(ctx: HttpContext) {
    const identity = ctx.auth.getUserOrFail()
    const input = await createApiTokenValidator.validate(jsonBody(ctx))
    const scopes = [...new Set(input.scopes?.length ? input.scopes : (['read', 'write'] as const))]
    const expiresAt = momentAfter(input.expires_in, Date.now())
    const token = drawApiToken()
    const { accountId } = identity
    const { tokenId, position } = await services().handlers.apiToken.createApiToken(
      { accountId, name: input.name, scopes, expiresAt, secretHash: hashToken(token) },
      commandContextOf(ctx, identity)
    )
    await webServices().readModels.waitFor(position, ['api_tokens'])
    const createdAt = new Date().toISOString()
    const made = { tokenId, name: input.name, scopes, lastUsedAt: null, expiresAt, createdAt }
    ctx.response.status(201)
    const shown = transformApiToken((await findApiToken(tokenId)) ?? made)
    return success({ ...shown, token }, 'Keep the token: it is not shown again')
  }

  async destroy(ctx: HttpContext) {
    const identity = ctx.auth.getUserOrFail()
    const tokenId = idParam(ctx)
    const { position } = await services().handlers.apiToken.revokeApiToken(
      { tokenId, accountId: identity.accountId },
      commandContextOf(ctx, identity)
    )
    await webServices().readModels.waitFor(position, ['api_tokens'])
    return success(null, 'Revoked')
  }
}
