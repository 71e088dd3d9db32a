import type { HttpContext } from '@adonisjs/core/http'
import { DomainError } from '#domain/domain_error'
import type { Handled } from '#handlers/command_runner'
import { success } from '#http/envelope'
import { E_NOT_VISIBLE_YET } from '#http/errors'
import { givenValues } from '#http/given_values'
import { pageOfImages } from '#http/image_pages'
import { jsonBody } from '#http/json_body'
import { commandContextOf } from '#http/request_context'
import { idParam } from '#http/route_params'
import { siteUrl } from '#http/site_url'
import { transformAdministeredImage } from '#http/transformers/image_transformer'
import {
  approveImagesValidator,
  listAdministeredImagesValidator,
  rejectImagesValidator,
  rejectImageValidator,
} from '#http/validators/moderation_validator'
import {
  countAdministeredImages,
  findAdministeredImage,
  listAdministeredImages,
} from '#read_models/admin_image_queries'
import { services } from '#start/services'
import { webServices } from '#start/web_services'

const READ_MODELS = ['images']

/** Decides which images others may see. */
export default class ModerationController {
  async index(ctx: HttpContext) {
    const query = await listAdministeredImagesValidator.validate(givenValues(ctx.request.qs()))
    const filter = { moderationStatus: 'pending' as const }
    const base = await siteUrl(ctx)
    return success(
      await pageOfImages(query, {
        list: (start, limit) => listAdministeredImages(filter, start, limit),
        count: () => countAdministeredImages(filter),
        transform: (image) => transformAdministeredImage(image, base),
      })
    )
  }

  async approve(ctx: HttpContext) {
    const imageId = idParam(ctx)
    const { position } = await this.#approve(ctx, imageId)
    return this.#answer(ctx, imageId, position, 'Approved')
  }

  async reject(ctx: HttpContext) {
    const imageId = idParam(ctx)
    const { reason = null } = await rejectImageValidator.validate(jsonBody(ctx))
    const { position } = await this.#reject(ctx, imageId, reason)
    return this.#answer(ctx, imageId, position, 'Rejected')
  }

  async approveMany(ctx: HttpContext) {
    const { ids } = await approveImagesValidator.validate(jsonBody(ctx))
    const outcome = await this.#forEach(ids, (imageId) => this.#approve(ctx, imageId))
    return success({ approved: outcome.done, failed: outcome.failed }, 'Approved')
  }

  async rejectMany(ctx: HttpContext) {
    const { ids, reason = null } = await rejectImagesValidator.validate(jsonBody(ctx))
    const outcome = await this.#forEach(ids, (imageId) => this.#reject(ctx, imageId, reason))
    return success({ rejected: outcome.done, failed: outcome.failed }, 'Rejected')
  }

  #approve(ctx: HttpContext, imageId: number): Promise<Handled> {
    const context = commandContextOf(ctx, ctx.auth.getUserOrFail())
    return services().handlers.image.approveImage({ imageId }, context)
  }

  #reject(ctx: HttpContext, imageId: number, reason: string | null): Promise<Handled> {
    const context = commandContextOf(ctx, ctx.auth.getUserOrFail())
    return services().handlers.image.rejectImage({ imageId, reason }, context)
  }

  /** One that is gone does not keep the others. */
  async #forEach(ids: readonly number[], decide: (imageId: number) => Promise<Handled>) {
    const done: number[] = []
    const failed: number[] = []
    let last = 0
    await Promise.all(
      ids.map(async (imageId) => {
        try {
          const { position } = await decide(imageId)
          last = Math.max(last, position)
          done.push(imageId)
        } catch (error) {
          if (!(error instanceof DomainError)) {
            throw error
          }
          failed.push(imageId)
        }
      })
    )
    await webServices().readModels.waitFor(last, READ_MODELS)
    const inOrder = (found: number[]) => ids.filter((imageId) => found.includes(imageId))
    return { done: inOrder(done), failed: inOrder(failed) }
  }

  async #answer(ctx: HttpContext, imageId: number, position: number, message: string) {
    await webServices().readModels.waitFor(position, READ_MODELS)
    const image = await findAdministeredImage(imageId)
    if (image === null) {
      throw new E_NOT_VISIBLE_YET()
    }
    return success(transformAdministeredImage(image, await siteUrl(ctx)), message)
  }
}
