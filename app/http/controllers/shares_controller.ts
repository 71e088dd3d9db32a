import type { HttpContext } from '@adonisjs/core/http'
import { isAdmin, type Identity } from '#auth/identity'
import { momentAfter } from '#domain/duration'
import { success } from '#http/envelope'
import { E_NOT_FOUND } from '#http/errors'
import { jsonBody } from '#http/json_body'
import { pageOfItems } from '#http/pages'
import { commandContextOf } from '#http/request_context'
import { idParam, keyParam } from '#http/route_params'
import { siteUrl } from '#http/site_url'
import { transformShare } from '#http/transformers/share_transformer'
import { pageOf, pageValidator } from '#http/validators/page_validator'
import { shareImageValidator } from '#http/validators/share_validator'
import { findImage } from '#read_models/image_queries'
import { findShare, listShares } from '#read_models/share_queries'
import type { ImageView } from '#read_models/views'
import { services } from '#start/services'
import { webServices } from '#start/web_services'

/** Links that show an image, for a time, to those who may not see it otherwise. */
export default class SharesController {
  async index(ctx: HttpContext) {
    const request = pageOf(await pageValidator.validate(ctx.request.qs()))
    const image = await this.#findOwn(ctx, ctx.auth.getUserOrFail())
    const { readModels, shareTokens, shareViews } = webServices()
    await readModels.waitFor(await shareViews.settle(), ['shares'])
    const [{ items, total }, base] = await Promise.all([
      listShares(image.imageId, request),
      siteUrl(ctx),
    ])
    const shown = items.map((share) =>
      transformShare(share, image, { base, token: shareTokens.issue(share) })
    )
    return success(pageOfItems(shown, total, request))
  }

  async store(ctx: HttpContext) {
    const identity = ctx.auth.getUserOrFail()
    const input = await shareImageValidator.validate(jsonBody(ctx))
    const image = await this.#findOwn(ctx, identity)
    const now = Date.now()
    const expiresAt = momentAfter(input.expires_in, now) ?? new Date(now).toISOString()
    const maxViews = input.max_views ?? null
    const { position, shareId } = await services().handlers.share.shareImage(
      { ...requestOf(image, identity), expiresAt, maxViews, now: new Date(now).toISOString() },
      commandContextOf(ctx, identity)
    )
    const { readModels, shareTokens } = webServices()
    await readModels.waitFor(position, ['shares'])
    const made = {
      shareId,
      imageId: image.imageId,
      expiresAt,
      maxViews,
      views: 0,
      lastViewedAt: null,
      createdAt: new Date(now).toISOString(),
    }
    const share = (await findShare(shareId)) ?? made
    ctx.response.status(201)
    return success(
      transformShare(share, image, {
        base: await siteUrl(ctx),
        token: shareTokens.issue(share),
      }),
      'Shared'
    )
  }

  async destroy(ctx: HttpContext) {
    const identity = ctx.auth.getUserOrFail()
    const shareId = idParam(ctx)
    const image = await this.#findOwn(ctx, identity)
    const { position } = await services().handlers.share.revokeShare(
      { ...requestOf(image, identity), shareId },
      commandContextOf(ctx, identity)
    )
    await webServices().readModels.waitFor(position, ['shares'])
    return success(null, 'Revoked')
  }

  /** @throws E_NOT_FOUND also for an image that the caller may see but not share */
  async #findOwn(ctx: HttpContext, identity: Identity): Promise<ImageView> {
    const image = await findImage(keyParam(ctx))
    if (image === null || !(image.ownerId === identity.accountId || isAdmin(identity))) {
      throw new E_NOT_FOUND()
    }
    return image
  }
}

function requestOf({ imageId }: ImageView, identity: Identity) {
  return { imageId, requesterId: identity.accountId, isAdmin: isAdmin(identity) }
}
