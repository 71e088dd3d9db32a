import type { HttpContext } from '@adonisjs/core/http'
import { readBearer } from '#auth/bearer_header'
import { success } from '#http/envelope'
import { E_NOT_FOUND, E_NOT_IN_ADVANCE } from '#http/errors'
import { commandContextOf } from '#http/request_context'
import { siteUrl } from '#http/site_url'
import { findSiteSettings } from '#read_models/site_settings_queries'
import { services } from '#start/services'
import { webServices } from '#start/web_services'

/** The first version of ShareX whose custom uploaders have this form. */
const SHAREX_VERSION = '15.0.0'

/** What ShareX needs beside the upload itself. */
export default class SharexController {
  /** A custom uploader (`.sxcu`) as ShareX imports it: https://getsharex.com/docs/custom-uploader */
  async config(ctx: HttpContext) {
    const [base, { app_name: name }] = await Promise.all([siteUrl(ctx), findSiteSettings()])
    const credential = readBearer(ctx.request.header('authorization'))
    ctx.response.header('Content-Disposition', 'attachment; filename="picfast.sxcu"')
    ctx.response.header('Content-Type', 'application/json; charset=utf-8')
    return {
      Version: SHAREX_VERSION,
      Name: name,
      DestinationType: 'ImageUploader, FileUploader',
      RequestMethod: 'POST',
      RequestURL: `${base}/api/v1/sharex/upload`,
      ...(credential === null ? {} : { Headers: { Authorization: `Bearer ${credential}` } }),
      Body: 'MultipartFormData',
      FileFormName: 'file',
      URL: '{json:url}',
      ThumbnailURL: '{json:thumbnail_url}',
      DeletionURL: '{json:deletion_url}',
      ErrorMessage: '{json:message}',
    }
  }

  /**
   * Deletes the image that the secret was given out with. It is a GET, since ShareX opens the address in a browser; whoever
   * looks only (HEAD), or fetches it in case somebody might open it, deletes nothing.
   */
  async destroy(ctx: HttpContext) {
    const { deletionLinks, readModels } = webServices()
    const imageId = await deletionLinks.find(String(ctx.request.param('secret')))
    if (imageId === null) {
      throw new E_NOT_FOUND()
    }
    if (ctx.request.method() === 'HEAD') {
      return success(null)
    }
    if (isFetchedInAdvance(ctx)) {
      throw new E_NOT_IN_ADVANCE()
    }
    // The secret stands for its owner's consent.
    const { position } = await services().handlers.image.deleteImage(
      { imageId, requesterId: null, isAdmin: true },
      commandContextOf(ctx, null)
    )
    await deletionLinks.remove(imageId)
    await readModels.waitFor(position, ['images', 'albums', 'usage'])
    return success(null, 'The image is deleted')
  }
}

/** Browsers say so, and drop an answer that is an error. */
function isFetchedInAdvance({ request }: HttpContext): boolean {
  return ['sec-purpose', 'purpose', 'x-purpose', 'x-moz'].some((name) =>
    /\b(?:prefetch|preview|prerender)\b/i.test(request.header(name) ?? '')
  )
}
