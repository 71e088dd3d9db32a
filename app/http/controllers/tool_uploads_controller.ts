import type { HttpContext } from '@adonisjs/core/http'
import type { Identity } from '#auth/identity'
import { drawDeletionSecret } from '#auth/secret_tokens'
import { success } from '#http/envelope'
import { linksOf } from '#http/links'
import { uploadContextOf } from '#http/request_context'
import { siteUrl } from '#http/site_url'
import { transformImage } from '#http/transformers/image_transformer'
import type { ImageView } from '#read_models/views'
import { readUploadWishes } from '#http/validators/image_validator'
import { webServices } from '#start/web_services'

/** Uploads by visitors and by tools; with credentials they are the account's. */
export default class ToolUploadsController {
  async store(ctx: HttpContext) {
    const image = await this.#receive(ctx)
    ctx.response.status(201)
    return success(transformImage(image, await siteUrl(ctx)), 'Uploaded')
  }

  /** The bare links that a form in a tool's settings picks from. */
  async flat(ctx: HttpContext) {
    const image = await this.#receive(ctx)
    ctx.response.status(201)
    return linksOf(image, await siteUrl(ctx))
  }

  /** What ShareX reads from the answer; the deletion URL works without a login, once. */
  async sharex(ctx: HttpContext) {
    const image = await this.#receive(ctx)
    const secret = drawDeletionSecret()
    await webServices().deletionLinks.put(secret, image.imageId)
    const base = await siteUrl(ctx)
    const links = linksOf(image, base)
    ctx.response.status(201)
    return {
      url: links.url,
      thumbnail_url: links.thumbnail_url,
      deletion_url: `${base}/api/v1/sharex/delete/${secret}`,
    }
  }

  #receive(ctx: HttpContext): Promise<ImageView> {
    const identity: Identity | null = ctx.auth.user ?? null
    return webServices().uploads.receive(
      ctx.request.request,
      { identity, context: uploadContextOf(ctx, identity) },
      readUploadWishes
    )
  }
}
