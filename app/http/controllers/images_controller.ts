import type { HttpContext } from '@adonisjs/core/http'
import { isAdmin, type Identity } from '#auth/identity'
import { momentAfter } from '#domain/duration'
import { Earliest } from '#http/earliest'
import { success } from '#http/envelope'
import { E_NOT_FOUND } from '#http/errors'
import { givenValues } from '#http/given_values'
import { pageOfImages } from '#http/image_pages'
import { jsonBody } from '#http/json_body'
import { commandContextOf, uploadContextOf } from '#http/request_context'
import { keyParam } from '#http/route_params'
import { siteUrl } from '#http/site_url'
import {
  transformImage,
  transformListedImage,
  transformPipeline,
} from '#http/transformers/image_transformer'
import {
  batchDeleteValidator,
  listImagesValidator,
  readUploadWishes,
  updateImageValidator,
} from '#http/validators/image_validator'
import {
  countImages,
  findImage,
  findImages,
  isVisibleTo,
  listImages,
} from '#read_models/image_queries'
import { imageAfter } from '#read_models/pending_image'
import type { ImageView } from '#read_models/views'
import { services } from '#start/services'
import { webServices } from '#start/web_services'

const REMOVED_FROM = ['images', 'albums', 'usage']

export default class ImagesController {
  async store(ctx: HttpContext) {
    const identity = ctx.auth.getUserOrFail()
    const image = await webServices().uploads.receive(
      ctx.request.request,
      { identity, context: uploadContextOf(ctx, identity) },
      readUploadWishes
    )
    ctx.response.status(201)
    return success(transformImage(image, await siteUrl(ctx)), 'Uploaded')
  }

  async index(ctx: HttpContext) {
    const { accountId } = ctx.auth.getUserOrFail()
    const query = await listImagesValidator.validate(givenValues(ctx.request.qs()))
    const filter = {
      albumId: query.album_id,
      keyword: query.keyword,
      extension: query.extension,
      permission: query.permission,
      moderationStatus: query.moderation_status,
      createdFrom: query.date_from,
      createdTo: query.date_to,
    }
    const base = await siteUrl(ctx)
    const end = new Earliest()
    const page = await pageOfImages(query, {
      list: async (start, limit) => {
        const images = await listImages(accountId, filter, start, limit)
        images.forEach(({ expiresAt }) => end.note(expiresAt))
        return images
      },
      count: async () => {
        const { total, nextExpiry } = await countImages(accountId, filter)
        end.note(nextExpiry)
        return total
      },
      transform: (image) => transformListedImage(image, base),
    })
    webServices().keptAnswers.answerAndKeep(ctx, success(page), end.moment)
  }

  async show(ctx: HttpContext) {
    const identity = ctx.auth.getUserOrFail()
    const image = await this.#findVisible(ctx, identity)
    const content = success(transformImage(image, await siteUrl(ctx)))
    // What becomes of another's image is not stamped for who looks at it.
    if (image.ownerId !== identity.accountId) {
      return content
    }
    webServices().keptAnswers.answerAndKeep(ctx, content, image.expiresAt)
  }

  async pipeline(ctx: HttpContext) {
    const image = await this.#findVisible(ctx, ctx.auth.getUserOrFail())
    return success(transformPipeline(image))
  }

  async update(ctx: HttpContext) {
    const identity = ctx.auth.getUserOrFail()
    const change = await updateImageValidator.validate(jsonBody(ctx))
    const image = await this.#findVisible(ctx, identity)
    const { position, events } = await services().handlers.image.changeImage(
      {
        ...this.#requestOf(image, identity),
        albumId: change.album_id,
        permission: change.permission,
        expiresAt:
          change.expires_in === undefined ? undefined : momentAfter(change.expires_in, Date.now()),
      },
      commandContextOf(ctx, identity)
    )
    const isFresh = await webServices().readModels.waitFor(position, ['images', 'albums'])
    const changed = isFresh ? await findImage(image.key) : null
    return success(
      transformImage(changed ?? imageAfter(image, events), await siteUrl(ctx)),
      'Saved'
    )
  }

  async destroy(ctx: HttpContext) {
    const identity = ctx.auth.getUserOrFail()
    const image = await this.#findVisible(ctx, identity)
    const { position } = await services().handlers.image.deleteImage(
      this.#requestOf(image, identity),
      commandContextOf(ctx, identity)
    )
    await webServices().readModels.waitFor(position, REMOVED_FROM)
    return success(null, 'Deleted')
  }

  /** Deletes those of the images that may be; a key that is unknown, or another's, is among the failed. */
  async destroyMany(ctx: HttpContext) {
    const identity = ctx.auth.getUserOrFail()
    const { keys } = await batchDeleteValidator.validate(jsonBody(ctx))
    const wanted = [...new Set(keys)]
    const found = await findImages(wanted)
    const deleted = new Set<string>()
    let last = 0
    await Promise.all(
      found
        .filter(({ ownerId }) => ownerId === identity.accountId || isAdmin(identity))
        .map(async (image) => {
          const { position } = await services().handlers.image.deleteImage(
            this.#requestOf(image, identity),
            commandContextOf(ctx, identity)
          )
          last = Math.max(last, position)
          deleted.add(image.key)
        })
    )
    await webServices().readModels.waitFor(last, REMOVED_FROM)
    return success({
      deleted: wanted.filter((key) => deleted.has(key)),
      failed: wanted.filter((key) => !deleted.has(key)),
    })
  }

  /** @throws E_NOT_FOUND also for what the caller may not see */
  async #findVisible(ctx: HttpContext, identity: Identity): Promise<ImageView> {
    const image = await findImage(keyParam(ctx))
    const viewer = { accountId: identity.accountId, isAdmin: isAdmin(identity) }
    if (image === null || !isVisibleTo(image, viewer)) {
      throw new E_NOT_FOUND()
    }
    return image
  }

  #requestOf({ imageId }: ImageView, identity: Identity) {
    return { imageId, requesterId: identity.accountId, isAdmin: isAdmin(identity) }
  }
}
