import type { HttpContext } from '@adonisjs/core/http'
import { isAdmin } from '#auth/identity'
import { parseDuration } from '#domain/duration'
import { success } from '#http/envelope'
import { E_NOT_FOUND, E_NOT_VISIBLE_YET } from '#http/errors'
import { pageOfItems } from '#http/pages'
import { commandContextOf } from '#http/request_context'
import { idParam, keyParam } from '#http/route_params'
import { siteUrl } from '#http/site_url'
import { transformImage, transformTrashedImage } from '#http/transformers/image_transformer'
import { pageOf, pageValidator } from '#http/validators/page_validator'
import { findImage } from '#read_models/image_queries'
import { findSiteSettings } from '#read_models/site_settings_queries'
import { findTrashedImage, listTrash, type TrashScope } from '#read_models/trash_queries'
import type { TrashedImageView } from '#read_models/views'
import { services } from '#start/services'
import { webServices } from '#start/web_services'

const READ_MODELS = ['images', 'albums', 'usage']
const PURGED_AT_ONCE = 200

/** Deleted images, until their bytes go. */
export default class TrashController {
  async index(ctx: HttpContext) {
    return this.#list(ctx, { ownerId: ctx.auth.getUserOrFail().accountId })
  }

  async indexAll(ctx: HttpContext) {
    return this.#list(ctx, {})
  }

  /** The owner's, or an administrator's. */
  async restore(ctx: HttpContext) {
    const identity = ctx.auth.getUserOrFail()
    const scope = isAdmin(identity) ? {} : { ownerId: identity.accountId }
    return this.#restore(ctx, await findTrashedImage({ key: keyParam(ctx) }, scope))
  }

  async restoreAny(ctx: HttpContext) {
    return this.#restore(ctx, await findTrashedImage({ imageId: idParam(ctx) }, {}))
  }

  async destroy(ctx: HttpContext) {
    const { accountId } = ctx.auth.getUserOrFail()
    return this.#purge(ctx, await findTrashedImage({ key: keyParam(ctx) }, { ownerId: accountId }))
  }

  async destroyAny(ctx: HttpContext) {
    return this.#purge(ctx, await findTrashedImage({ imageId: idParam(ctx) }, {}))
  }

  /** Empties the caller's trash. */
  async destroyAll(ctx: HttpContext) {
    const identity = ctx.auth.getUserOrFail()
    const context = commandContextOf(ctx, identity)
    let purged = 0
    for (;;) {
      const page = { page: 1, size: PURGED_AT_ONCE }
      const { items } = await listTrash({ ownerId: identity.accountId }, page)
      const handled = await Promise.all(
        items.map(({ imageId }) => services().handlers.image.purgeImage({ imageId }, context))
      )
      const position = Math.max(0, ...handled.map((one) => one.position))
      purged += handled.filter(({ events }) => events.length > 0).length
      const isFresh = await webServices().readModels.waitFor(position, READ_MODELS)
      if (items.length < PURGED_AT_ONCE || !isFresh) {
        return success({ purged }, 'Deleted for good')
      }
    }
  }

  async #list(ctx: HttpContext, scope: TrashScope) {
    const request = pageOf(await pageValidator.validate(ctx.request.qs()))
    const [{ items, total }, base, { deleted_image_retention: retention }] = await Promise.all([
      listTrash(scope, request),
      siteUrl(ctx),
      findSiteSettings(),
    ])
    const milliseconds = parseDuration(retention) ?? 0
    return success(
      pageOfItems(
        items.map((image) => transformTrashedImage(image, base, milliseconds)),
        total,
        request
      )
    )
  }

  async #restore(ctx: HttpContext, image: TrashedImageView | null) {
    const isOrphan = image !== null && image.ownerId !== null && image.ownerCapacityBytes === null
    if (image === null || isOrphan) {
      throw new E_NOT_FOUND()
    }
    const identity = ctx.auth.getUserOrFail()
    const { guest_capacity_bytes: guestCapacity } = await findSiteSettings()
    const { position } = await services().handlers.image.restoreImage(
      {
        imageId: image.imageId,
        requesterId: identity.accountId,
        isAdmin: isAdmin(identity),
        now: new Date().toISOString(),
        capacityBytes: image.ownerCapacityBytes ?? guestCapacity,
      },
      commandContextOf(ctx, identity)
    )
    await webServices().readModels.waitFor(position, READ_MODELS)
    const restored = await findImage(image.key)
    if (restored === null) {
      throw new E_NOT_VISIBLE_YET()
    }
    return success(transformImage(restored, await siteUrl(ctx)), 'Restored')
  }

  async #purge(ctx: HttpContext, image: TrashedImageView | null) {
    if (image === null) {
      throw new E_NOT_FOUND()
    }
    const { position } = await services().handlers.image.purgeImage(
      { imageId: image.imageId },
      commandContextOf(ctx, ctx.auth.getUserOrFail())
    )
    await webServices().readModels.waitFor(position, READ_MODELS)
    return success(null, 'Deleted for good')
  }
}
