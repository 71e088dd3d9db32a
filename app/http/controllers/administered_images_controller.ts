import type { HttpContext } from '@adonisjs/core/http'
import { success } from '#http/envelope'
import { givenValues } from '#http/given_values'
import { pageOfImages } from '#http/image_pages'
import { commandContextOf } from '#http/request_context'
import { idParam } from '#http/route_params'
import { siteUrl } from '#http/site_url'
import { transformAdministeredImage } from '#http/transformers/image_transformer'
import { listAdministeredImagesValidator } from '#http/validators/moderation_validator'
import { countAdministeredImages, listAdministeredImages } from '#read_models/admin_image_queries'
import { services } from '#start/services'
import { webServices } from '#start/web_services'

/** Everybody's images, in an administrator's hands. */
export default class AdministeredImagesController {
  async index(ctx: HttpContext) {
    const query = await listAdministeredImagesValidator.validate(givenValues(ctx.request.qs()))
    const filter = {
      keyword: query.keyword,
      email: query.email,
      extension: query.extension,
      moderationStatus: query.moderation_status,
      createdFrom: query.date_from,
      createdTo: query.date_to,
    }
    const base = await siteUrl(ctx)
    return success(
      await pageOfImages(query, {
        list: (start, limit) => listAdministeredImages(filter, start, limit),
        count: () => countAdministeredImages(filter),
        transform: (image) => transformAdministeredImage(image, base),
      })
    )
  }

  async destroy(ctx: HttpContext) {
    const { accountId } = ctx.auth.getUserOrFail()
    const { position } = await services().handlers.image.deleteImage(
      { imageId: idParam(ctx), requesterId: accountId, isAdmin: true },
      commandContextOf(ctx, ctx.auth.getUserOrFail())
    )
    await webServices().readModels.waitFor(position, ['images', 'albums', 'usage'])
    return success(null, 'Deleted')
  }
}
