import type { HttpContext } from '@adonisjs/core/http'
import { appUrl } from '#config/app'
import { isAdmin, type Identity } from '#auth/identity'
import { momentAfter } from '#http/duration'
import { success } from '#http/envelope'
import { E_NOT_FOUND, InvalidFieldsError } from '#http/errors'
import { givenValues } from '#http/given_values'
import { decodeCursor, encodeCursor, type ImageCursor } from '#http/image_cursor'
import { pageOfItems } from '#http/pages'
import { commandContextOf } from '#http/request_context'
import { keyParam } from '#http/route_params'
import { transformImage, transformListedImage } from '#http/transformers/image_transformer'
import { listImagesValidator, updateImageValidator } from '#http/validators/image_validator'
import { pageOf } from '#http/validators/page_validator'
import { countImages, findImage, isVisibleTo, listImages } from '#read_models/image_queries'
import { offsetOf } from '#read_models/page_request'
import { imageAfter } from '#read_models/pending_image'
import type { ImageView } from '#read_models/views'
import { services } from '#start/services'
import { webServices } from '#start/web_services'

const IDEMPOTENCY_KEY = /^[A-Za-z0-9._:-]{1,128}$/

export default class ImagesController {
  async store(ctx: HttpContext) {
    const identity = ctx.auth.getUserOrFail()
    const image = await webServices().uploads.receive(ctx.request.request, identity, {
      ...commandContextOf(ctx, identity),
      commandId: this.#commandIdOf(ctx, identity),
    })
    ctx.response.status(201)
    return success(transformImage(image, appUrl), 'Uploaded')
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
    const cursor = this.#cursorOf(query.cursor)
    const { page, size } = { ...pageOf(query), ...(cursor && { page: cursor.page }) }
    const [total, found] = await Promise.all([
      cursor?.total ?? countImages(accountId, filter),
      listImages(accountId, filter, cursor ?? offsetOf({ page, size }), size + 1),
    ])
    const items = found.slice(0, size)
    const last = found.length > size ? items.at(-1) : undefined
    return success({
      ...pageOfItems(
        items.map((image) => transformListedImage(image, appUrl)),
        total,
        { page, size }
      ),
      next_cursor: last
        ? encodeCursor({ createdAt: last.createdAt, imageId: last.imageId, page: page + 1, total })
        : null,
    })
  }

  async show(ctx: HttpContext) {
    const image = await this.#findVisible(ctx, ctx.auth.getUserOrFail())
    return success(transformImage(image, appUrl))
  }

  async update(ctx: HttpContext) {
    const identity = ctx.auth.getUserOrFail()
    const change = await updateImageValidator.validate(ctx.request.body())
    const image = await this.#findVisible(ctx, identity)
    const { position, events } = await services().handlers.image.changeImage(
      {
        ...this.#requestOf(image, identity),
        albumId: change.album_id,
        permission: change.permission,
        expiresAt: change.expires_in === undefined ? undefined : momentAfter(change.expires_in),
      },
      commandContextOf(ctx, identity)
    )
    const isFresh = await webServices().readModels.waitFor(position, ['images', 'albums'])
    const changed = isFresh ? await findImage(image.key) : null
    return success(transformImage(changed ?? imageAfter(image, events), appUrl), 'Saved')
  }

  async destroy(ctx: HttpContext) {
    const identity = ctx.auth.getUserOrFail()
    const image = await this.#findVisible(ctx, identity)
    const { position } = await services().handlers.image.deleteImage(
      this.#requestOf(image, identity),
      commandContextOf(ctx, identity)
    )
    await webServices().readModels.waitFor(position, ['images', 'albums', 'usage'])
    return success(null, 'Deleted')
  }

  /** The same key of two accounts is two commands. */
  #commandIdOf(ctx: HttpContext, { accountId }: Identity): string | undefined {
    const key = ctx.request.header('idempotency-key')
    if (key !== undefined && !IDEMPOTENCY_KEY.test(key)) {
      throw new InvalidFieldsError({
        'Idempotency-Key': ['The key is not 1 to 128 plain characters'],
      })
    }
    return key === undefined ? undefined : `upload ${accountId} ${key}`
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

  #cursorOf(text: string | undefined): ImageCursor | null {
    const cursor = text === undefined ? null : decodeCursor(text)
    if (text !== undefined && cursor === null) {
      throw new InvalidFieldsError({ cursor: ['The cursor is not one that a list has answered'] })
    }
    return cursor
  }
}
